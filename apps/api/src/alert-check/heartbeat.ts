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
import type { AnswerOrFinding, HealthCheck } from './api-answers.ts';

/** Age in seconds of the last heartbeat from the api's check `workers`: null if there is none, undefined if the check lacks it. */
export function ageFromHealth(checks: readonly HealthCheck[]): number | null | undefined {
  const age = checks.find(({ name }) => name === 'workers')?.facts['beat_age_seconds'];
  return typeof age === 'number' || age === null ? age : undefined;
}

/** Age in seconds of the last heartbeat in Redis; null if there is none. By this machine's clock: Redis' default user may not run TIME. */
export async function ageFromRedis(
  address: RedisAddress,
  { namespace, timeoutMs }: { namespace: string; timeoutMs: number },
): Promise<AnswerOrFinding<number | null>> {
  const log = createLogger({ service: 'api', instance: 'check', level: 'silent' });
  // ioredis prints a warning if the user may not run INFO.
  const captured = captureConsole(log);
  const key = keyspace(namespace).heartbeat;
  const redis = createRedis({ ...address, name: 'prosaas:check', role: 'commands', log });
  try {
    await Promise.race([redisReady(redis, AbortSignal.timeout(timeoutMs)), firstError(redis)]);
    const heartbeat = await redis.get(key);
    const age = Math.round(Date.now() - Number(heartbeat) * 1000) / 1000;
    if (heartbeat === null) return { answer: null };
    if (Number.isFinite(age)) return { answer: Math.max(0, age) };
    return unknown(`${key} in Redis is not a Unix time: is --redis the address of ProSaaS' Redis?`);
  } catch (error) {
    return unknown(`${key} cannot be read from Redis (${errorReason(error).error}): is --redis right?`);
  } finally {
    await closeRedis(redis);
    captured[Symbol.dispose]();
  }
}

/** Rejects with the first error of the client, which would otherwise retry for ever. */
const firstError = async (redis: Redis): Promise<never> => {
  const [error] = (await once(redis, 'error')) as [Error];
  throw error;
};

const unknown = (text: string): AnswerOrFinding<never> => ({
  finding: { level: 'UNKNOWN', subject: 'heartbeat', text },
});
