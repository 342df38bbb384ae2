import type { RedisClient } from '../redis/client.ts';
import {
  BEAT_TTL_SECONDS,
  LOST_FOR_SECONDS,
  type ReplicaBeat,
  indexKey,
  leftKey,
  replicaKey,
} from './keys.ts';

export interface ReplicaHeartbeat extends ReplicaBeat {
  /** `never_beat`: it runs, and has not proved yet that it works. */
  readonly state: 'live' | 'lost' | 'never_beat';
  /** Of its last beat. */
  readonly age_seconds: number | null;
}

export interface Heartbeats {
  /** Of the whole system; `null` when there was none for 90 s. */
  readonly beat_age_seconds: number | null;
  /** Those that beat, those that did within the last hour and neither do nor left, and those that say why they never did. */
  readonly replicas: readonly ReplicaHeartbeat[];
  /** Those that left cleanly within the last hour. */
  readonly left: readonly { readonly instance: string; readonly age_seconds: number }[];
  /** How many live ones there are fewer than expected. */
  readonly missing: number;
  /** Of the missing, those that neither the replicas nor the left account for: they never came. */
  readonly never_seen: number;
}

export interface ReadHeartbeatsOptions {
  redis: RedisClient;
  key: string;
  /** How many live replicas there should be. */
  expected?: number;
  /** Unix seconds; Redis' own clock unless given. */
  now?: number;
}

/** Who beats, who died, who left, and how many of those expected never came. */
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
    .map((text) => parseBeat(text))
    .filter((beat) => beat !== undefined)
    .map((beat) => judgeBeat(beat, ageOf))
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

/** Pure: a replica is lost when its last beat is worth no more. */
function judgeBeat(beat: ReplicaBeat, ageOf: (at: number) => number): ReplicaHeartbeat {
  if (beat.beat_at === null) return { ...beat, state: 'never_beat', age_seconds: null };
  const age = ageOf(beat.beat_at);
  return { ...beat, state: age <= BEAT_TTL_SECONDS ? 'live' : 'lost', age_seconds: age };
}

function parseBeat(text: string | null): ReplicaBeat | undefined {
  if (text === null) return undefined;
  try {
    const beat = JSON.parse(text) as Partial<ReplicaBeat>;
    return typeof beat?.instance === 'string' && (typeof beat.beat_at === 'number' || beat.beat_at === null)
      ? (beat as ReplicaBeat)
      : undefined;
  } catch {
    return undefined;
  }
}
