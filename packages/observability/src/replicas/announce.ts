import { secondsAhead } from '../clock.ts';
import type { RedisClient } from '../redis/client.ts';
import { luaScript } from '../redis/script.ts';
import { LimitedFlight } from '../redis/time-limit.ts';
import { type JsonValue, LEASE_MS, type ReplicaIdentity, replicaKeys } from './keys.ts';

export interface AnnounceOptions {
  redis: RedisClient;
  /** Prefix of all keys, with one hash tag: `{prosaas}:replicas`. */
  keyPrefix: string;
  replica: ReplicaIdentity;
  /** What this replica says of itself at the moment. */
  report: () => Record<string, JsonValue>;
  /** Called once for each asking of a topic, also for one from up to 30 s before this replica was there. */
  on?: Readonly<Record<string, () => void>>;
  /**
   * Called with what `tellReplicas` told this replica's service, after each announcement: `undefined` when that was nothing, or its
   * time is over. Without Redis nobody is called.
   */
  onTold?: (told: Told | undefined) => void;
  everyMs?: number;
  leaseMs?: number;
  onError?: (error: unknown) => void;
}

export interface Told {
  readonly text: string;
  /** From now on. */
  readonly lastsMs: number;
}

const announceScript = luaScript('announce');
const LIMIT_MS = 1000;
const LOST_FOR_MS = 3600_000;
const ASKED_BEFORE_MS = 30_000;
/** The lost included: what a service that is started again and again leaves. */
const MOST_LISTED = 500;

/** Keeps a replica on the list of those that live. Disposing of it takes it off. */
export function announceReplica(options: AnnounceOptions): AsyncDisposable {
  const { redis, keyPrefix, replica, report, on = {}, everyMs = 1000, leaseMs = LEASE_MS } = options;
  const { onTold, onError } = options;
  const { service, instance, host, pid, startedAt } = replica;
  const keys = replicaKeys(keyPrefix);
  const flight = new LimitedFlight(LIMIT_MS, 'announcing a replica');
  const heard = new Map<string, number>();
  let failing = false;
  let firstAt: number | undefined;
  let ahead = 0;
  let current: Promise<void> | undefined;
  let disposal: Promise<void> | undefined;

  const announce = async (signal: AbortSignal): Promise<void> => {
    const said = {
      service,
      instance,
      host,
      pid,
      started_at: startedAt.getTime() / 1000,
      lease_ms: leaseMs,
      clock_ahead_seconds: ahead,
      report: report(),
    };
    const began = Date.now();
    const [now, told, lastsMs, ...asked] = (await announceScript.run(
      redis,
      [keys.leases, keys.reports, keys.asked, keys.told(service)],
      [instance, JSON.stringify(said), String(leaseMs), String(LOST_FOR_MS), String(MOST_LISTED)],
    )) as string[];
    ahead = secondsAhead({ asked: began, answered: Date.now(), server: Number(now) });
    if (signal.aborted) return;
    firstAt ??= Number(now);
    try {
      onTold?.(told ? { text: told, lastsMs: Number(lastsMs) } : undefined);
    } catch (error) {
      onError?.(error);
    }
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
