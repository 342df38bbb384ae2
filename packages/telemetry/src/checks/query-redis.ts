import { CheckFailure, classifyError } from '@prosaas/observability';
import type { Redis } from 'ioredis';

export interface QueriedRedis {
  readonly redis: Pick<Redis, 'status'>;
  /** Shown with a failure. */
  readonly address: string;
}

/**
 * Runs `ask` until `signal` aborts. If Redis does not answer, the reason begins with `prefix`: Redis is the cause, and what the
 * check looks at may be fine.
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
    // ioredis' own message is about its offline queue, not about the connection.
    const cause =
      status === 'ready'
        ? error
        : new Error(`no connection to Redis at ${address}: ${status}`, { cause: error });
    throw new CheckFailure(prefix + classifyError(cause), { cause, detail: { redis: address } });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
