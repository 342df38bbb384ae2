import type { RedisClient } from '../redis/client.ts';
import { luaScript } from '../redis/script.ts';
import { LimitedFlight } from '../redis/time-limit.ts';
import { type JsonValue, type ReplicaIdentity, replicaKeys } from './keys.ts';

export interface AnnounceOptions {
  redis: RedisClient;
  /** Prefix of all keys, with one hash tag: `{prosaas}:replicas`. */
  keyPrefix: string;
  replica: ReplicaIdentity;
  /** What this replica says of itself at the moment. */
  report: () => Record<string, JsonValue>;
  /** Called once for each asking of a topic, also for one from up to 30 s before this replica was there. */
  on?: Readonly<Record<string, () => void>>;
  everyMs?: number;
  leaseMs?: number;
  onError?: (error: unknown) => void;
}

const announceScript = luaScript('announce');
const LIMIT_MS = 1000;
const LOST_FOR_MS = 3600_000;
const ASKED_BEFORE_MS = 30_000;

/** Keeps a replica on the list of those that live. Disposing of it takes it off. */
export function announceReplica(options: AnnounceOptions): AsyncDisposable {
  const { redis, keyPrefix, replica, report, on = {}, everyMs = 1000, leaseMs = 10_000, onError } = options;
  const { service, instance, host, pid, startedAt } = replica;
  const keys = replicaKeys(keyPrefix);
  const flight = new LimitedFlight(LIMIT_MS, 'announcing a replica');
  const heard = new Map<string, number>();
  let failing = false;
  let firstAt: number | undefined;
  let current: Promise<void> | undefined;
  let disposal: Promise<void> | undefined;

  const announce = async (signal: AbortSignal): Promise<void> => {
    const identity = { service, instance, host, pid, started_at: startedAt.getTime() / 1000 };
    const text = JSON.stringify({ ...identity, report: report() });
    const args = [instance, text, String(leaseMs), String(LOST_FOR_MS)];
    const [now, ...asked] = (await announceScript.run(
      redis,
      [keys.leases, keys.reports, keys.asked],
      args,
    )) as string[];
    if (signal.aborted) return;
    firstAt ??= Number(now);
    for (let i = 0; i + 1 < asked.length; i += 2) {
      const topic = asked[i]!;
      const at = Number(asked[i + 1]);
      if (at <= (heard.get(topic) ?? firstAt - ASKED_BEFORE_MS)) continue;
      heard.set(topic, at);
      try {
        if (Object.hasOwn(on, topic)) on[topic]!();
      } catch (error) {
        // The other topics are heard all the same.
        onError?.(error);
      }
    }
  };

  const attempt = async (what: (signal: AbortSignal) => Promise<unknown>): Promise<void> => {
    try {
      await flight.run(what);
      failing = false;
    } catch (error) {
      if (!failing) onError?.(error);
      failing = true;
    }
  };
  const turn = (): void => {
    current ??= attempt(announce).finally(() => (current = undefined));
  };
  const timer = setInterval(turn, everyMs).unref();
  turn();

  const leave = async (): Promise<void> => {
    clearInterval(timer);
    await current;
    await attempt(() => redis.multi().zrem(keys.leases, instance).hdel(keys.reports, instance).exec());
  };
  return { [Symbol.asyncDispose]: () => (disposal ??= leave()) };
}
