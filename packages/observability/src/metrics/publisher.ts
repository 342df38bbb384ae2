import { type MetricsSource, Publication } from './publication.ts';
import type { RedisClient } from '../redis/client.ts';
import { resetConnection } from '../redis/reset-connection.ts';
import { TimeLimitReached, withinTime } from '../redis/time-limit.ts';
import type { MetricsRegistry } from './registry.ts';
import { redisStore } from './store.ts';
import { PROTOCOL_TIMES, type ProtocolTimes } from './times.ts';

export interface MetricsPublisherOptions {
  /** A connection for this alone, without an offline queue. It is reset when Redis does not answer in time. */
  redis: RedisClient;
  /** Prefix of all keys, with one hash tag: `{prosaas}:metrics`. */
  keyPrefix: string;
  registry: Pick<MetricsRegistry, 'collect'>;
  source: MetricsSource;
  intervalMs?: number;
  leaseMs?: number;
  times?: ProtocolTimes;
  /** The first failure of each outage. */
  onError: (error: unknown) => void;
}

export interface MetricsPublisher extends AsyncDisposable {
  /** Publishes what is counted by now. `false` when Redis did not take it; never throws. */
  flush(): Promise<boolean>;
}

/** A boot that was folded, forgotten or whose schema is gone is back after three or four words; more is a fault. */
const MAX_WORDS = 5;

/**
 * Publishes a registry's values about once a second. Dispose of it last: it publishes once more and moves the totals
 * of this process to the retired ones, so that nothing waits for its lease to run out.
 */
export function startMetricsPublisher(options: MetricsPublisherOptions): MetricsPublisher {
  const { redis, keyPrefix, registry, source, intervalMs = 1000, leaseMs = 10_000, onError } = options;
  const { times = PROTOCOL_TIMES } = options;
  const store = redisStore(redis, keyPrefix, times);
  const publication = new Publication(source, leaseMs, times.tombstoneMs);
  let failing = false;
  let running: Promise<boolean> | undefined;
  let disposal: Promise<void> | undefined;

  const attempt = async (what: (signal: AbortSignal) => Promise<void>): Promise<boolean> => {
    try {
      await withinTime(times.limitMs, 'publishing metrics', what);
      failing = false;
      return true;
    } catch (error) {
      // Not one more word into a connection that does not answer: they would pile up.
      if (isSilence(error)) resetConnection(redis);
      if (!failing) onError(error);
      failing = true;
      return false;
    }
  };

  const publish = async (signal: AbortSignal): Promise<void> => {
    for (let words = 0; words < MAX_WORDS; words++) {
      // A word that can't go out need not be remembered as one that Redis may have.
      if (redis.status !== 'ready' && !redis.options.enableOfflineQueue)
        throw new Error('publishing metrics: not connected to Redis');
      const answer = await store.publish(publication.next(registry.collect()));
      // Too late: other words may have gone out since, and this answer is not about them.
      if (signal.aborted) return;
      if (publication.answered(answer) === 'done') return;
    }
    throw new Error(`${publication.boot} can't publish its metrics`);
  };

  /** One at a time. */
  const flush = (): Promise<boolean> => {
    const turn = (running ?? Promise.resolve(true)).then(() => attempt(publish));
    running = turn;
    return turn;
  };

  let lastTurn: Promise<boolean> | undefined;
  const timer = setInterval(() => {
    if (lastTurn !== undefined) return;
    lastTurn = flush();
    void lastTurn.then(() => (lastTurn = undefined));
  }, intervalMs);
  timer.unref();
  void flush();

  const leave = async (): Promise<void> => {
    clearInterval(timer);
    if (!(await flush())) return;
    await attempt(async () => {
      await store.fold({ mode: 'own', leaseMs, boots: [publication.boot] });
    });
  };

  return {
    flush,
    [Symbol.asyncDispose]: () => (disposal ??= leave()),
  };
}

/** Our time limit, or the client's own. */
function isSilence(error: unknown): boolean {
  return (
    error instanceof TimeLimitReached || (error instanceof Error && error.message === 'Command timed out')
  );
}
