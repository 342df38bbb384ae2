import type { RedisClient } from '../redis/client.ts';
import { BEAT_TTL_SECONDS, LOST_FOR_SECONDS, type ReplicaBeat, indexKey, replicaKey } from './keys.ts';

export interface ReplicaHeartbeat extends ReplicaBeat {
  readonly state: 'live' | 'lost';
  readonly age_seconds: number;
}

export interface Heartbeats {
  /** Of the whole system; `null` when there was none for 90 s. */
  readonly beat_age_seconds: number | null;
  readonly replicas: readonly ReplicaHeartbeat[];
  /** Expected replicas that are not there and did not leave a trace. */
  readonly missing: number;
}

export interface ReadHeartbeatsOptions {
  redis: RedisClient;
  key: string;
  /** How many live replicas there should be. */
  expected?: number;
  /** Unix seconds; Redis' own clock unless given. */
  now?: number;
}

/** Who beats, and who did within the last hour and does not any more. One that left cleanly is in neither. */
export async function readHeartbeats({
  redis,
  key,
  expected = 0,
  now,
}: ReadHeartbeatsOptions): Promise<Heartbeats> {
  const [time, shared, instances] = await Promise.all([
    redis.time(),
    redis.get(key),
    redis.zrange(indexKey(key), '0', '-1'),
  ]);
  const present = now ?? Number(time[0]) + Number(time[1]) / 1e6;
  const texts = await Promise.all(instances.map((instance) => redis.get(replicaKey(key, instance))));
  const replicas = texts
    .map((text) => parseBeat(text))
    .filter((beat) => beat !== undefined)
    .filter(({ beat_at }) => present - beat_at <= LOST_FOR_SECONDS)
    .map((beat) => judgeBeat(beat, present));
  return {
    beat_age_seconds: shared === null ? null : Math.max(0, present - Number(shared)),
    replicas,
    missing: Math.max(0, expected - replicas.filter(({ state }) => state === 'live').length),
  };
}

/** Pure: a replica is lost when its last beat is worth no more. */
function judgeBeat(beat: ReplicaBeat, now: number): ReplicaHeartbeat {
  const age = Math.max(0, now - beat.beat_at);
  return { ...beat, state: age <= BEAT_TTL_SECONDS ? 'live' : 'lost', age_seconds: age };
}

function parseBeat(text: string | null): ReplicaBeat | undefined {
  if (text === null) return undefined;
  try {
    const beat = JSON.parse(text) as Partial<ReplicaBeat>;
    return typeof beat?.instance === 'string' && typeof beat.beat_at === 'number'
      ? (beat as ReplicaBeat)
      : undefined;
  } catch {
    return undefined;
  }
}
