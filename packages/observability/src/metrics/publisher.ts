import { type MetricsSource, Publication } from './publication.ts';
import type { RedisClient } from '../redis/client.ts';
import { resetConnection } from '../redis/reset-connection.ts';
import { TimeLimitReached, withinTime } from '../redis/time-limit.ts';
import type { MetricsRegistry } from './registry.ts';
import { redisStore } from './store.ts';
import { PROTOCOL_TIMES, type ProtocolTimes } from './times.ts';

export interface MetricsPublisherOptions {
  /** A connection of its own, without an offline queue. It is reset when Redis does not answer in time. */
  redis: RedisClient;
  /** Prefix of all keys, with one hash tag: `{prosaas}:metrics`. */
  keyPrefix: string;
  registry: Pick<MetricsRegistry, 'collect'>;
  source: MetricsSource;
  /** Time between two publishes, 1000 by default. */
  intervalMs?: number;
  /** How long the last values count as those of a living process, 10,000 by default. */
  leaseMs?: number;
  times?: ProtocolTimes;
  /** Called with the first failure of each outage. */
  onError: (error: unknown) => void;
}

export interface MetricsPublisher extends AsyncDisposable {
  /** Publishes the present values at once. Resolves to `false` when Redis did not take them; never rejects. */
  flush(): Promise<boolean>;
}

/** An epoch that was folded or forgotten, or whose schema is gone, is back after three or four requests. More means a fault. */
const MAX_REQUESTS = 5;

/**
 * Publishes the values of a registry at each interval. Publishing never throws; failures go to `onError`.
 *
 * Dispose of it last: it publishes once more and folds this process into the retired totals, so that its lease does not have to run out.
 *
 * @throws TypeError on a source with a part that is empty or contains `|`
 */
export function startMetricsPublisher(options: MetricsPublisherOptions): MetricsPublisher {
  const { redis, keyPrefix, registry, source, intervalMs = 1000, leaseMs = 10_000, onError } = options;
  const { times = PROTOCOL_TIMES } = options;
  const store = redisStore(redis, keyPrefix, times);
  const publication = new Publication(source, leaseMs, times.tombstoneMs);
  let isFailing = false;
  let running: Promise<boolean> | undefined;
  let disposal: Promise<void> | undefined;

  const attempt = async (run: (signal: AbortSignal) => Promise<void>): Promise<boolean> => {
    try {
      await withinTime(times.limitMs, 'publishing metrics', run);
      isFailing = false;
      return true;
    } catch (error) {
      // Further requests on a connection that does not answer would pile up.
      if (isTimeout(error)) resetConnection(redis);
      if (!isFailing) onError(error);
      isFailing = true;
      return false;
    }
  };

  const publish = async (signal: AbortSignal): Promise<void> => {
    for (let requests = 0; requests < MAX_REQUESTS; requests++) {
      // A request that cannot be sent must not count as one that Redis may have processed.
      if (redis.status !== 'ready' && !redis.options.enableOfflineQueue)
        throw new Error('publishing metrics: not connected to Redis');
      const reply = await store.publish(publication.nextRequest(registry.collect()));
      // Too late: another request may have been sent since, and this is not its reply.
      if (signal.aborted) return;
      if (publication.handleReply(reply) === 'done') return;
    }
    throw new Error(`${publication.epoch} can't publish its metrics`);
  };

  /** One after the other. */
  const flush = (): Promise<boolean> => {
    const next = (running ?? Promise.resolve(true)).then(() => attempt(publish));
    running = next;
    return next;
  };

  let timed: Promise<boolean> | undefined;
  const timer = setInterval(() => {
    if (timed !== undefined) return;
    timed = flush();
    void timed.then(() => (timed = undefined));
  }, intervalMs);
  timer.unref();
  void flush();

  const leave = async (): Promise<void> => {
    clearInterval(timer);
    if (!(await flush())) return;
    await attempt(async () => {
      await store.fold({ mode: 'own', leaseMs, epochs: [publication.epoch] });
    });
  };

  return {
    flush,
    [Symbol.asyncDispose]: () => (disposal ??= leave()),
  };
}

/** Our own time limit, or the `commandTimeout` of the client. */
function isTimeout(error: unknown): boolean {
  return (
    error instanceof TimeLimitReached || (error instanceof Error && error.message === 'Command timed out')
  );
}
