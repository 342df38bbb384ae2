import { AppError } from '@prosaas/runtime';
import { type QueriedRedis, queryRedis } from '@prosaas/telemetry';

/** A caller waits for the response. */
const LIMIT_MS = 2000;

class RedisUnavailable extends AppError {
  override code = 'REDIS_UNAVAILABLE';
  override status = 503;
  override retryable = true;
}

/** Queries Redis for a REST response. There is no cache: old data would look current. @throws RedisUnavailable */
export async function queryRedisForResponse<T>(redis: QueriedRedis, query: () => Promise<T>): Promise<T> {
  try {
    return await queryRedis(query, { ...redis, signal: AbortSignal.timeout(LIMIT_MS) });
  } catch (cause) {
    throw new RedisUnavailable(
      'Redis does not answer, and the api reads and changes the state of services through it. Try again.',
      { cause },
    );
  }
}
