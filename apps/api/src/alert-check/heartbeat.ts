import { once } from 'node:events';
import {
  type RedisAddress,
  captureConsole,
  closeRedis,
  createLogger,
  createRedis,
  errorReason,
  keyspace,
  redisReady,
} from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import type { Answered, HealthCheck } from './api-answers.ts';

/** As the api tells it; undefined where it does not. */
export function ageFromHealth(checks: readonly HealthCheck[]): number | null | undefined {
  const age = checks.find(({ name }) => name === 'workers')?.facts['beat_age_seconds'];
  return typeof age === 'number' || age === null ? age : undefined;
}

/** Of the last beat in seconds, by this machine's clock: Redis' default user may not ask for that of Redis. Null where there is none. */
export async function ageFromRedis(
  address: RedisAddress,
  { namespace, timeoutMs }: { namespace: string; timeoutMs: number },
): Promise<Answered<number | null>> {
  const log = createLogger({ service: 'api', instance: 'check', level: 'silent' });
  // ioredis prints that this user may not run INFO.
  const captured = captureConsole(log);
  const key = keyspace(namespace).heartbeat;
  const redis = createRedis({ ...address, name: 'prosaas:check', role: 'commands', log });
  try {
    await Promise.race([redisReady(redis, AbortSignal.timeout(timeoutMs)), firstError(redis)]);
    const beat = await redis.get(key);
    const age = Math.round(Date.now() - Number(beat) * 1000) / 1000;
    if (beat === null) return { answer: null };
    if (Number.isFinite(age)) return { answer: Math.max(0, age) };
    return unknown(`${key} in Redis is no Unix time: does --redis lead to the Redis of ProSaaS?`);
  } catch (error) {
    return unknown(`Redis does not tell ${key} (${errorReason(error).error}): is --redis right?`);
  } finally {
    await closeRedis(redis);
    captured[Symbol.dispose]();
  }
}

/** The client would try for ever. */
const firstError = async (redis: Redis): Promise<never> => {
  const [error] = (await once(redis, 'error')) as [Error];
  throw error;
};

const unknown = (text: string): Answered<never> => ({
  finding: { level: 'UNKNOWN', subject: 'heartbeat', text },
});
