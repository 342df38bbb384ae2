import { CheckFailure, classifyError } from '@prosaas/observability';
import type { Redis } from 'ioredis';

export interface AskedRedis {
  readonly status: Redis['status'];
  readonly options: { readonly host?: string | undefined; readonly port?: number | undefined };
}

/**
 * What `ask` learns from Redis within the time limit. Where Redis does not answer, the code begins with `prefix`: what
 * the check looks for may be well, and it is Redis that has to be looked at.
 */
export async function askRedis<T>(
  ask: () => Promise<T>,
  { redis, signal, prefix = '' }: { redis: AskedRedis; signal: AbortSignal; prefix?: string },
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([ask(), aborted]);
  } catch (error) {
    const { host, port } = redis.options;
    const address = host === undefined ? 'its cluster' : `${host}:${port}`;
    const { status } = redis;
    // The client's own words for it are about its queue.
    const cause =
      status === 'ready'
        ? error
        : new Error(`no connection to Redis at ${address}: ${status}`, { cause: error });
    throw new CheckFailure(prefix + classifyError(cause), { cause, detail: { redis: address } });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
