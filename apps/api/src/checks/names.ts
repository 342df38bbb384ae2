/** What the api looks at. `database` answers, `migrations` are all applied, `schema` is what they leave. */
export const checkNames = [
  'database',
  'migrations',
  'schema',
  'baileys',
  'redis',
  'workers',
  'queues',
  'sessions',
  'customers',
  'agent',
] as const;

export type CheckName = (typeof checkNames)[number];
