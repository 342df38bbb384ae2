import type { RedisClient } from '../redis/client.ts';
import { luaScript } from '../redis/script.ts';
import type { Told } from './announce.ts';
import { type JsonValue, LEASE_MS, replicaKeys } from './keys.ts';

/** `lost` is one whose lease ran out within the last hour; one that left cleanly is not listed. */
export interface ReplicaStatus {
  readonly service: string;
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  /** Unix seconds. */
  readonly startedAt: number;
  readonly state: 'live' | 'lost';
  /** Since its last word. */
  readonly silentSeconds: number;
  /** How far its clock is ahead of Redis', behind where negative; 0 within 2 s. */
  readonly clockAheadSeconds: number;
  readonly report: Readonly<Record<string, JsonValue>>;
}

interface ReplicasOptions {
  redis: RedisClient;
  keyPrefix: string;
}

const askScript = luaScript('ask');

/** All replicas of all services, with what each says of itself. */
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
    const said = parseReport(reports[scores[i]!]);
    if (said === undefined) continue;
    const { leaseMs, ...status } = said;
    const ends = Number(scores[i + 1]);
    const silentSeconds = Math.max(0, Math.round(now - (ends - leaseMs))) / 1000;
    replicas.push({ ...status, state: ends > now ? 'live' : 'lost', silentSeconds });
  }
  return replicas;
}

/** Asks every replica, by the topic that it listens for; each hears of it within about a second. */
export async function askReplicas({
  redis,
  keyPrefix,
  topic,
}: ReplicasOptions & { topic: string }): Promise<void> {
  await askScript.run(redis, [replicaKeys(keyPrefix).asked], [topic]);
}

/**
 * Tells all replicas of a service something, for so long: those that live hear it within about a second, and so does one that is
 * started meanwhile. Null takes it back.
 */
export async function tellReplicas({
  redis,
  keyPrefix,
  service,
  told,
}: ReplicasOptions & { service: string; told: Told | null }): Promise<void> {
  const key = replicaKeys(keyPrefix).told(service);
  if (told === null) await redis.del(key);
  else await redis.set(key, told.text, 'PX', told.lastsMs);
}

/** What a service was told, and for how long yet. */
export async function readTold({
  redis,
  keyPrefix,
  service,
}: ReplicasOptions & { service: string }): Promise<Told | undefined> {
  const key = replicaKeys(keyPrefix).told(service);
  const replies = (await redis.multi().get(key).pttl(key).exec()) ?? [];
  const [text, lastsMs] = replies.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
  return typeof text === 'string' ? { text, lastsMs: Number(lastsMs) } : undefined;
}

type Said = Omit<ReplicaStatus, 'state' | 'silentSeconds'> & { readonly leaseMs: number };

/** What some process wrote: one of another version, or a stranger. What is no replica is none. */
function parseReport(text: string | undefined): Said | undefined {
  try {
    const { service, instance, host, pid, started_at, lease_ms, clock_ahead_seconds, report } = JSON.parse(
      text ?? '',
    ) as Partial<
      Pick<Said, 'service' | 'instance' | 'host' | 'pid' | 'report'> &
        Record<'started_at' | 'lease_ms' | 'clock_ahead_seconds', number>
    >;
    if (typeof service !== 'string' || typeof instance !== 'string') return undefined;
    return {
      service,
      instance,
      host: host ?? '',
      pid: Number(pid),
      startedAt: Number(started_at),
      // One of the release before does not tell.
      leaseMs: typeof lease_ms === 'number' ? lease_ms : LEASE_MS,
      clockAheadSeconds: typeof clock_ahead_seconds === 'number' ? clock_ahead_seconds : 0,
      report: typeof report === 'object' && report !== null ? report : {},
    };
  } catch {
    return undefined;
  }
}
