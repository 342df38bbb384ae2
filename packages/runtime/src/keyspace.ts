export interface Keyspace {
  /** `{prosaas}:a:b`: every key carries one hash tag, so that scripts may touch several of them in a cluster. */
  key(...parts: string[]): string;
  /** BullMQ's `prefix`. */
  bullPrefix: string;
  /** The key whose name is published, `worker:heartbeat`; stacks with a namespace of their own have it underneath. */
  heartbeat: string;
}

export const defaultNamespace = 'prosaas';

export function keyspace(namespace: string): Keyspace {
  const tag = `{${namespace}}`;
  return {
    key: (...parts) => [tag, ...parts].join(':'),
    bullPrefix: tag,
    heartbeat: namespace === defaultNamespace ? 'worker:heartbeat' : `${namespace}:worker:heartbeat`,
  };
}
