import type { Redis } from 'ioredis';
import { retryForever } from './backoff.ts';
import type { Logger } from './logger.ts';

export interface RedisSettings {
  version: string | undefined;
  /** Undefined where Redis does not report it. */
  evictionPolicy: string | undefined;
  appendOnly: boolean | undefined;
  appendFsync: string | undefined;
  readOnly: boolean;
  loading: boolean;
  appendFailed: boolean;
  full: boolean;
}

/** From the text of `INFO`, and from `CONFIG GET appendfsync` where that is allowed: `INFO` does not include it. */
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

/** A setting with which Redis may lose jobs and counts: its reason code, and a text for people. */
export interface RedisRisk {
  reason: string;
  text: string;
}

/** Settings with which jobs or counts could be lost. A setting that Redis does not report is no risk. */
export function findRedisRisks({ evictionPolicy, appendOnly, appendFsync }: RedisSettings): RedisRisk[] {
  const risks: RedisRisk[] = [];
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction') {
    const text = `maxmemory-policy is ${evictionPolicy} and has to be noeviction: jobs are thrown away when memory is short`;
    risks.push({ reason: 'evicts_keys', text });
  }
  if (appendOnly === false) {
    const text = 'appendonly is no and has to be yes: jobs that wait are gone when Redis restarts';
    risks.push({ reason: 'no_append_only_file', text });
  }
  if (appendOnly !== false && appendFsync === 'no') {
    const text =
      'appendfsync is no and has to be everysec or always: half a minute of jobs is gone when its machine goes down';
    risks.push({ reason: 'append_not_synced', text });
  }
  return risks;
}

/** Reason codes for why Redis answers and still refuses writes. */
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
    // With another policy Redis evicts keys instead, which is a risk of its own.
    ...(full && evictionPolicy === 'noeviction' ? ['out_of_memory'] : []),
  ];
}

type Reply = [error: Error | null, result: unknown];

/** The settings of the server that holds `key`: in a cluster, a pipeline goes to the node of its key. */
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

/** Writes without changing anything; rejects if the server that holds `key` refuses writes. `key` is a string or does not exist. */
export async function probeRedisWrite(redis: Redis, key: string): Promise<void> {
  await redis.setrange(key, 0, '');
}

/** Once Redis answers, logs one error line if the server that holds `key` may lose jobs. Never rejects; ends when `signal` aborts. */
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
  // The client itself logs an outage of Redis.
  const waiting = { signal, baseMs: 200, maxMs: 3000, onError: () => {} };
  try {
    const risks = findRedisRisks(await retryForever(() => readRedisSettings(redis, key), waiting));
    if (risks.length === 0) return;
    const reasons = risks.map(({ reason }) => reason);
    log.error({ reasons }, `REDIS MAY LOSE JOBS: ${risks.map(({ text }) => text).join('; ')}`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
