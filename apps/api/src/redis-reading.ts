import { AppError } from '@prosaas/runtime';
import { type QueriedRedis, queryRedis } from '@prosaas/telemetry';

/** A person waits. */
const LIMIT_MS = 2000;

class RedisUnavailable extends AppError {
  override code = 'REDIS_UNAVAILABLE';
  override status = 503;
  override retryable = true;
}

/** What `ask` learns from Redis; 503 while it is away or does not answer: nothing old is told as if it were now. */
export async function fromRedis<T>(asked: QueriedRedis, ask: () => Promise<T>): Promise<T> {
  try {
    return await queryRedis(ask, { ...asked, signal: AbortSignal.timeout(LIMIT_MS) });
  } catch (cause) {
    throw new RedisUnavailable('Redis, through which services are seen, does not answer.', { cause });
  }
}
