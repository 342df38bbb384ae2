import { CheckFailure, classifyError } from '@prosaas/observability';
import type { Redis } from 'ioredis';

export interface QueriedRedis {
  readonly redis: Pick<Redis, 'status'>;
  /** Where it is, for people. */
  readonly address: string;
}

/**
 * What `ask` learns from Redis within the time limit. Where Redis does not answer, the code begins with `prefix`: what
 * the check looks for may be well, and it is Redis that has to be looked at.
 */
export async function queryRedis<T>(
  ask: () => Promise<T>,
  { redis, address, signal, prefix = '' }: QueriedRedis & { signal: AbortSignal; prefix?: string },
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([ask(), aborted]);
  } catch (error) {
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
