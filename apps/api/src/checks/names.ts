/** The health checks of the api: see docs/observability.md. */
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
