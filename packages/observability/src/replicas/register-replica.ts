import { clockAheadSeconds } from '../clock.ts';
import type { RedisClient } from '../redis/client.ts';
import { luaScript } from '../redis/script.ts';
import { SingleFlight } from '../redis/time-limit.ts';
import { type JsonValue, LEASE_MS, type ReplicaIdentity, replicaKeys } from './keys.ts';

export interface RegisterReplicaOptions {
  redis: RedisClient;
  /** Prefix of all keys, with one hash tag: `{prosaas}:replicas`. */
  keyPrefix: string;
  replica: ReplicaIdentity;
  /** Called before each registration: what to show about this replica in `listReplicas`. */
  report: () => Record<string, JsonValue>;
  /**
   * Handlers by topic. Each runs once for every `notifyReplicas` of its topic, also for one that was sent up to 30 s before this
   * replica registered.
   */
  on?: Readonly<Record<string, () => void>>;
  /**
   * Called after each registration with the temporary setting of this replica's service: `undefined` when there is none, or when it
   * has expired. Not called while Redis is away.
   */
  onSetting?: (setting: ServiceSetting | undefined) => void;
  /** Time between two registrations, 1000 by default. */
  everyMs?: number;
  /** How long one registration counts, 10,000 by default. */
  leaseMs?: number;
  /** Called with the first failure of each outage, and with everything that a handler throws. */
  onError?: (error: unknown) => void;
}

/** A value for all replicas of one service, which expires by itself. */
export interface ServiceSetting {
  readonly value: string;
  /** Remaining time in ms. */
  readonly ttlMs: number;
}

const registerScript = luaScript('register-replica');
const TIME_LIMIT_MS = 1000;
/** How long a lost replica stays listed. */
const LOST_FOR_MS = 3_600_000;
/** A new replica also handles notifications that are at most this old. */
const MAX_NOTIFICATION_AGE_MS = 30_000;
/** Including the lost ones: a service in a restart loop leaves one behind at each start. */
const MAX_LISTED = 500;

/**
 * Registers this process as a replica and renews the registration until disposed of. Disposing removes it from the list.
 * Never throws; failures go to `onError`.
 */
export function registerReplica(options: RegisterReplicaOptions): AsyncDisposable {
  const { redis, keyPrefix, replica, report, on = {}, everyMs = 1000, leaseMs = LEASE_MS } = options;
  const { onSetting, onError } = options;
  const { service, instance, host, pid, startedAt } = replica;
  const keys = replicaKeys(keyPrefix);
  const flight = new SingleFlight(TIME_LIMIT_MS, 'registering a replica');
  const handledAt = new Map<string, number>();
  let isFailing = false;
  let registeredAt: number | undefined;
  let aheadSeconds = 0;
  let current: Promise<void> | undefined;
  let disposal: Promise<void> | undefined;

  /** One handler that throws must not keep the others from running. */
  const callHandler = (handler: () => void): void => {
    try {
      handler();
    } catch (error) {
      onError?.(error);
    }
  };

  const register = async (signal: AbortSignal): Promise<void> => {
    const record = {
      service,
      instance,
      host,
      pid,
      started_at: startedAt.getTime() / 1000,
      lease_ms: leaseMs,
      clock_ahead_seconds: aheadSeconds,
      report: report(),
    };
    const sentAt = Date.now();
    const [now, value, ttlMs, ...notifications] = (await registerScript.run(
      redis,
      [keys.leases, keys.reports, keys.notifications, keys.setting(service)],
      [instance, JSON.stringify(record), String(leaseMs), String(LOST_FOR_MS), String(MAX_LISTED)],
    )) as string[];
    aheadSeconds = clockAheadSeconds({ sentAt, receivedAt: Date.now(), serverTime: Number(now) });
    if (signal.aborted) return;
    registeredAt ??= Number(now);
    callHandler(() => onSetting?.(value ? { value, ttlMs: Number(ttlMs) } : undefined));
    for (let i = 0; i + 1 < notifications.length; i += 2) {
      const topic = notifications[i]!;
      const at = Number(notifications[i + 1]);
      if (at <= (handledAt.get(topic) ?? registeredAt - MAX_NOTIFICATION_AGE_MS)) continue;
      handledAt.set(topic, at);
      if (Object.hasOwn(on, topic)) callHandler(on[topic]!);
    }
  };

  const attempt = async (run: (signal: AbortSignal) => Promise<unknown>): Promise<void> => {
    try {
      await flight.run(run);
      isFailing = false;
    } catch (error) {
      if (!isFailing) onError?.(error);
      isFailing = true;
    }
  };
  const renew = (): void => {
    current ??= attempt(register).finally(() => (current = undefined));
  };
  const timer = setInterval(renew, everyMs).unref();
  renew();

  const leave = async (): Promise<void> => {
    clearInterval(timer);
    await current;
    await attempt(() => redis.multi().zrem(keys.leases, instance).hdel(keys.reports, instance).exec());
  };
  return { [Symbol.asyncDispose]: () => (disposal ??= leave()) };
}
