export interface Keyspace {
  /** `{prosaas}:a:b`: every key carries one hash tag, so that a script may use several of them in a cluster. */
  key(...parts: string[]): string;
  /** BullMQ's `prefix`. */
  bullPrefix: string;
  /** The documented key `worker:heartbeat`; in a namespace other than the default, `<namespace>:worker:heartbeat`. */
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
