import type { Redis } from 'ioredis';
import { retryForever } from './backoff.ts';
import type { Logger } from './logger.ts';

export interface RedisSettings {
  version: string | undefined;
  /** Undefined: Redis does not tell. */
  evictionPolicy: string | undefined;
  appendOnly: boolean | undefined;
  appendFsync: string | undefined;
  readOnly: boolean;
  loading: boolean;
  appendFailed: boolean;
  full: boolean;
}

/** From the text of `INFO`, and what `CONFIG GET appendfsync` answers where it is allowed: `INFO` does not tell that one. */
export function parseRedisSettings(info: string, appendFsync?: string): RedisSettings {
  const fields = new Map<string, string>();
  for (const line of info.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const aof = fields.get('aof_enabled');
  const limit = Number(fields.get('maxmemory') ?? 0);
  return {
    version: fields.get('valkey_version') ?? fields.get('redis_version'),
    evictionPolicy: fields.get('maxmemory_policy'),
    appendOnly: aof === undefined ? undefined : aof === '1',
    appendFsync,
    readOnly: fields.get('role') === 'slave',
    loading: fields.get('loading') === '1',
    appendFailed: aof === '1' && fields.get('aof_last_write_status') === 'err',
    full: limit > 0 && Number(fields.get('used_memory')) >= limit,
  };
}

/** A setting with which Redis may lose jobs and counts: its reason code, and in words. */
export interface RedisRisk {
  reason: string;
  told: string;
}

/** Why jobs or counts could be lost with these settings. What Redis does not tell is not judged. */
export function findRedisRisks({ evictionPolicy, appendOnly, appendFsync }: RedisSettings): RedisRisk[] {
  const risks: RedisRisk[] = [];
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction') {
    const told = `maxmemory-policy is ${evictionPolicy} and has to be noeviction: jobs are thrown away when memory is short`;
    risks.push({ reason: 'evicts_keys', told });
  }
  if (appendOnly === false) {
    const told = 'appendonly is no and has to be yes: jobs that wait are gone when Redis restarts';
    risks.push({ reason: 'no_append_only_file', told });
  }
  if (appendOnly !== false && appendFsync === 'no') {
    const told =
      'appendfsync is no and has to be everysec or always: half a minute of jobs is gone when its machine goes down';
    risks.push({ reason: 'append_not_synced', told });
  }
  return risks;
}

/** Why Redis answers and takes no writes all the same: reason codes. */
export function findRedisFaults({
  readOnly,
  loading,
  appendFailed,
  full,
  evictionPolicy,
}: RedisSettings): string[] {
  return [
    ...(loading ? ['not_ready'] : []),
    ...(readOnly ? ['read_only'] : []),
    ...(appendFailed ? ['append_failed'] : []),
    // With another policy it evicts instead, which is a warning of its own.
    ...(full && evictionPolicy === 'noeviction' ? ['out_of_memory'] : []),
  ];
}

type Reply = [error: Error | null, result: unknown];

/** The settings of the server that holds `key`: a pipeline goes where its key is, in a cluster too. */
export async function readRedisSettings(redis: Redis, key: string): Promise<RedisSettings> {
  const replies = await redis.pipeline().exists(key).info().config('GET', 'appendfsync').exec();
  if (replies === null) throw new Error('Redis did not carry out a pipeline');
  const [found, info, config] = replies as [Reply, Reply, Reply];
  const refused = found[0] ?? info[0];
  if (refused) throw refused;
  // Managed servers rename CONFIG or forbid it.
  const [, appendFsync] = config[0] ? [] : (config[1] as [string, string] | []);
  return parseRedisSettings(info[1] as string, appendFsync);
}

/** Rejects where the server that holds `key`, which is a string or nothing, takes no writes: a write that changes nothing. */
export async function probeRedisWrite(redis: Redis, key: string): Promise<void> {
  await redis.setrange(key, 0, '');
}

/** Once Redis answers: one loud line where the server that holds `key` may lose jobs. Never rejects; over when `signal` aborts. */
export async function warnOfRedisRisks({
  redis,
  key,
  log,
  signal,
}: {
  redis: Redis;
  key: string;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  // Redis that is away has a line of its own in the log.
  const waiting = { signal, baseMs: 200, maxMs: 3000, onError: () => {} };
  try {
    const risks = findRedisRisks(await retryForever(() => readRedisSettings(redis, key), waiting));
    if (risks.length === 0) return;
    const reasons = risks.map(({ reason }) => reason);
    log.error({ reasons }, `REDIS MAY LOSE JOBS: ${risks.map(({ told }) => told).join('; ')}`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
