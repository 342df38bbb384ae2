import type { RedisClient } from '../redis/client.ts';
import { luaScript } from '../redis/script.ts';
import type { ServiceSetting } from './register-replica.ts';
import { type JsonValue, LEASE_MS, replicaKeys } from './keys.ts';

/** A registered replica, as `listReplicas` returns it. */
export interface ReplicaStatus {
  readonly service: string;
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  /** Unix seconds. */
  readonly startedAt: number;
  /** `lost`: its lease ran out within the last hour. A replica that left cleanly is not listed. */
  readonly state: 'live' | 'lost';
  /** Seconds since its last registration. */
  readonly silentSeconds: number;
  /** How far its clock is ahead of Redis' clock; negative when it is behind, 0 within 2 s. */
  readonly clockAheadSeconds: number;
  /** What the `report` of its options returned last. */
  readonly report: Readonly<Record<string, JsonValue>>;
}

interface ReplicasOptions {
  redis: RedisClient;
  /** The same as for `registerReplica`. */
  keyPrefix: string;
}

const notifyScript = luaScript('notify-replicas');

/** All replicas of all services, live and lost, with their last reports. Rejects when Redis does. */
export async function listReplicas({ redis, keyPrefix }: ReplicasOptions): Promise<ReplicaStatus[]> {
  const keys = replicaKeys(keyPrefix);
  const replies = await redis
    .multi()
    .time()
    .zrange(keys.leases, '0', '-1', 'WITHSCORES')
    .hgetall(keys.reports)
    .exec();
  const [time, scores, reports] = (replies ?? []).map(([error, reply]) => {
    if (error) throw error;
    return reply;
  }) as [[string, string], string[], Record<string, string>];
  const now = Number(time[0]) * 1000 + Number(time[1]) / 1000;
  const replicas: ReplicaStatus[] = [];
  for (let i = 0; i + 1 < scores.length; i += 2) {
    const record = parseRecord(reports[scores[i]!]);
    if (record === undefined) continue;
    const { leaseMs, ...status } = record;
    const leaseEnds = Number(scores[i + 1]);
    const silentSeconds = Math.max(0, Math.round(now - (leaseEnds - leaseMs))) / 1000;
    replicas.push({ ...status, state: leaseEnds > now ? 'live' : 'lost', silentSeconds });
  }
  return replicas;
}

/** Runs the handlers of a topic, once in every replica and within about a second. Rejects when Redis does. */
export async function notifyReplicas({
  redis,
  keyPrefix,
  topic,
}: ReplicasOptions & { topic: string }): Promise<void> {
  await notifyScript.run(redis, [replicaKeys(keyPrefix).notifications], [topic]);
}

/**
 * Sets a temporary value for all replicas of a service. Those that run get it within about a second, as `onSetting`, and so do those
 * that start before it expires. `null` removes it. Rejects when Redis does.
 */
export async function setServiceSetting({
  redis,
  keyPrefix,
  service,
  setting,
}: ReplicasOptions & { service: string; setting: ServiceSetting | null }): Promise<void> {
  const key = replicaKeys(keyPrefix).setting(service);
  if (setting === null) await redis.del(key);
  else await redis.set(key, setting.value, 'PX', setting.ttlMs);
}

/** The temporary value of a service with its remaining time; `undefined` when there is none. Rejects when Redis does. */
export async function readServiceSetting({
  redis,
  keyPrefix,
  service,
}: ReplicasOptions & { service: string }): Promise<ServiceSetting | undefined> {
  const key = replicaKeys(keyPrefix).setting(service);
  const replies = (await redis.multi().get(key).pttl(key).exec()) ?? [];
  const [value, ttlMs] = replies.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
  return typeof value === 'string' ? { value, ttlMs: Number(ttlMs) } : undefined;
}

type ReplicaRecord = Omit<ReplicaStatus, 'state' | 'silentSeconds'> & { readonly leaseMs: number };

/** Another version, or another program, may have written it: `undefined` when it does not identify a replica. */
function parseRecord(text: string | undefined): ReplicaRecord | undefined {
  try {
    const { service, instance, host, pid, started_at, lease_ms, clock_ahead_seconds, report } = JSON.parse(
      text ?? '',
    ) as Partial<
      Pick<ReplicaRecord, 'service' | 'instance' | 'host' | 'pid' | 'report'> &
        Record<'started_at' | 'lease_ms' | 'clock_ahead_seconds', number>
    >;
    if (typeof service !== 'string' || typeof instance !== 'string') return undefined;
    return {
      service,
      instance,
      host: host ?? '',
      pid: Number(pid),
      startedAt: Number(started_at),
      // The previous release does not write these two.
      leaseMs: typeof lease_ms === 'number' ? lease_ms : LEASE_MS,
      clockAheadSeconds: typeof clock_ahead_seconds === 'number' ? clock_ahead_seconds : 0,
      report: typeof report === 'object' && report !== null ? report : {},
    };
  } catch {
    return undefined;
  }
}
