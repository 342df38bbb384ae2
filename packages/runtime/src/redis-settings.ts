import type { Cluster, Redis } from 'ioredis';
import type { Logger } from './logger.ts';

export interface RedisSettings {
  version: string | undefined;
  evictionPolicy: string | undefined;
  appendOnly: boolean | undefined;
  readOnly: boolean;
  loading: boolean;
  appendFailed: boolean;
  full: boolean;
}

/** From the text of `INFO`. */
export function readRedisSettings(info: string): RedisSettings {
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
    readOnly: fields.get('role') === 'slave',
    loading: fields.get('loading') === '1',
    appendFailed: aof === '1' && fields.get('aof_last_write_status') === 'err',
    full: limit > 0 && Number(fields.get('used_memory')) >= limit,
  };
}

/** Why jobs or counts could be lost with these settings: reason codes. */
export function judgeRedisSettings(settings: RedisSettings): string[] {
  const reasons: string[] = [];
  if (settings.evictionPolicy !== undefined && settings.evictionPolicy !== 'noeviction') {
    reasons.push('evicts_keys');
  }
  if (settings.appendOnly === false) reasons.push('no_append_only_file');
  return reasons;
}

/** Why Redis answers and takes no writes all the same: reason codes. */
export function judgeRedisFaults({
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

/** What `INFO` says of Redis; of a cluster, of each of its masters. */
export async function readRedisInfos(redis: Redis): Promise<string[]> {
  const { isCluster, nodes } = redis as unknown as Partial<Cluster>;
  const masters = isCluster && nodes ? nodes.call(redis as unknown as Cluster, 'master') : [redis];
  return Promise.all(masters.map((master) => master.info()));
}

const advice: Readonly<Record<string, string>> = {
  evicts_keys:
    'Redis may evict keys when its memory is full: JOBS AND COUNTS MAY BE LOST. Set `maxmemory-policy noeviction`',
  no_append_only_file:
    'Redis keeps no append-only file: JOBS AND COUNTS ARE LOST WHEN IT RESTARTS. Set `appendonly yes`',
};

/** Says loudly, at the start of a service, what of Redis' settings loses jobs. While Redis is away it says nothing. */
export async function warnOfRedisSettings(redis: Redis, log: Logger): Promise<void> {
  try {
    const infos = await readRedisInfos(redis);
    const reasons = new Set(infos.flatMap((info) => judgeRedisSettings(readRedisSettings(info))));
    for (const reason of reasons) log.warn({ reason }, advice[reason]);
  } catch (error) {
    log.debug({ err: error }, 'the settings of Redis could not be read');
  }
}
