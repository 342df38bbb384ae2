import type { RedisClient } from '../redis/client.ts';
import { luaScript } from '../redis/script.ts';
import { type JsonValue, replicaKeys } from './keys.ts';

/** `lost` is one whose lease ran out within the last hour; one that left cleanly is not listed. */
export interface ReplicaStatus {
  readonly service: string;
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  /** Unix seconds. */
  readonly startedAt: number;
  readonly state: 'live' | 'lost';
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
    if (said) replicas.push({ ...said, state: Number(scores[i + 1]) > now ? 'live' : 'lost' });
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

/** What some process wrote: one of another version, or a stranger. What is no replica is none. */
function parseReport(text: string | undefined): Omit<ReplicaStatus, 'state'> | undefined {
  try {
    const { service, instance, host, pid, started_at, report } = JSON.parse(text ?? '') as Partial<
      Omit<ReplicaStatus, 'state' | 'startedAt'> & { started_at: number }
    >;
    if (typeof service !== 'string' || typeof instance !== 'string') return undefined;
    return {
      service,
      instance,
      host: host ?? '',
      pid: Number(pid),
      startedAt: Number(started_at),
      report: typeof report === 'object' && report !== null ? report : {},
    };
  } catch {
    return undefined;
  }
}
