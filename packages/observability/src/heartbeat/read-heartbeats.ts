import type { RedisClient } from '../redis/client.ts';
import {
  BEAT_TTL_SECONDS,
  LOST_FOR_SECONDS,
  type HeartbeatRecord,
  indexKey,
  leftKey,
  replicaKey,
} from './keys.ts';

/** The heartbeat record of one replica, with its state. */
export interface ReplicaHeartbeat extends HeartbeatRecord {
  /**
   * `live`: its last beat is at most 90 s old. `lost`: it is older, and the replica did not leave. `never_beat`: the replica runs and has
   * not worked yet.
   */
  readonly state: 'live' | 'lost' | 'never_beat';
  /** Age of its last beat; `null` before the first one. */
  readonly age_seconds: number | null;
}

export interface Heartbeats {
  /** Age of the last beat of any replica; `null` when there was none for 90 s. */
  readonly beat_age_seconds: number | null;
  /** The live replicas, those lost within the last hour, and those that have not beaten yet. */
  readonly replicas: readonly ReplicaHeartbeat[];
  /** The replicas that left cleanly within the last hour. */
  readonly left: readonly { readonly instance: string; readonly age_seconds: number }[];
  /** How many of the expected replicas are not live. */
  readonly missing: number;
  /** How many of the expected replicas are neither in `replicas` nor in `left`: they never started. */
  readonly never_seen: number;
}

export interface ReadHeartbeatsOptions {
  redis: RedisClient;
  /** The same as for `startHeartbeat`. */
  key: string;
  /** How many live replicas there should be, 0 by default. */
  expected?: number;
  /** Unix seconds; the time of Redis' clock by default. */
  now?: number;
}

/** Reads the heartbeats of all replicas. Rejects when Redis does. */
export async function readHeartbeats({
  redis,
  key,
  expected = 0,
  now,
}: ReadHeartbeatsOptions): Promise<Heartbeats> {
  const [time, shared, instances, departures] = await Promise.all([
    redis.time(),
    redis.get(key),
    redis.zrange(indexKey(key), '0', '-1'),
    redis.zrange(leftKey(key), '0', '-1', 'WITHSCORES'),
  ]);
  const present = now ?? Number(time[0]) + Number(time[1]) / 1e6;
  const ageOf = (at: number): number => Math.max(0, Math.round((present - at) * 1000) / 1000);
  const texts = await Promise.all(instances.map((instance) => redis.get(replicaKey(key, instance))));
  const replicas = texts
    .map((text) => parseRecord(text))
    .filter((record) => record !== undefined)
    .map((record) => withState(record, ageOf))
    .filter(({ age_seconds: age }) => age === null || age <= LOST_FOR_SECONDS);
  const left: { instance: string; age_seconds: number }[] = [];
  for (let i = 0; i + 1 < departures.length; i += 2)
    left.push({ instance: departures[i]!, age_seconds: ageOf(Number(departures[i + 1])) });
  const gone = left.filter(({ age_seconds }) => age_seconds <= LOST_FOR_SECONDS);
  const live = replicas.filter(({ state }) => state === 'live').length;
  const beatAt = Number(shared ?? Number.NaN);
  return {
    beat_age_seconds: Number.isFinite(beatAt) ? ageOf(beatAt) : null,
    replicas,
    left: gone,
    missing: Math.max(0, expected - live),
    never_seen: Math.max(0, expected - replicas.length - gone.length),
  };
}

function withState(record: HeartbeatRecord, ageOf: (at: number) => number): ReplicaHeartbeat {
  if (record.beat_at === null) return { ...record, state: 'never_beat', age_seconds: null };
  const age = ageOf(record.beat_at);
  return { ...record, state: age <= BEAT_TTL_SECONDS ? 'live' : 'lost', age_seconds: age };
}

function parseRecord(text: string | null): HeartbeatRecord | undefined {
  if (text === null) return undefined;
  try {
    const record = JSON.parse(text) as Partial<HeartbeatRecord>;
    return typeof record?.instance === 'string' &&
      (typeof record.beat_at === 'number' || record.beat_at === null)
      ? (record as HeartbeatRecord)
      : undefined;
  } catch {
    return undefined;
  }
}
