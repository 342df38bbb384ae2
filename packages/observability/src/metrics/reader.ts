import type { RedisClient } from '../redis/client.ts';
import { SingleFlight } from '../redis/time-limit.ts';
import type { Catalogue } from './catalogue.ts';
import { Columns } from './columns.ts';
import { type Continuity, NO_CONTINUITY, follow, isComplete } from './continuity.ts';
import { HighestSeen } from './monotonic.ts';
import { type ExactSource, type ExactValues, MetricsUnknown, type MetricsReading } from './reading.ts';
import { type Snapshot, SnapshotReader } from './snapshot.ts';
import { MAX_FOLD, type MetricsStore, redisStore, storeKeys } from './store.ts';
import { PROTOCOL_TIMES, type ProtocolTimes } from './times.ts';
import { Arrangement } from './totals.ts';

export interface MetricsReaderOptions {
  redis: RedisClient;
  keyPrefix: string;
  catalogue: Catalogue;
  sources?: readonly ExactSource[];
  leaseMs?: number;
  times?: ProtocolTimes;
  /** The first failure of each outage. */
  onError: (error: unknown) => void;
}

/**
 * Reads the whole system's metrics. Any number of readers may run; each also folds the processes whose lease ran out.
 * With `start` it reads once a second, so that it knows the last totals when Redis goes away.
 */
export class MetricsReader implements AsyncDisposable {
  #redis: RedisClient;
  #store: MetricsStore;
  #snapshots: SnapshotReader;
  #columns = new Columns();
  #arrangement: Arrangement;
  #sources: readonly ExactSource[];
  #leaseMs: number;
  #onError: (error: unknown) => void;
  /** Told of each reading in which nothing failed. */
  onSuccess: (() => void) | undefined;
  #times: ProtocolTimes;
  #flight: SingleFlight;
  #failing = false;
  #reported = new Set<string>();
  #continuity: Continuity = NO_CONTINUITY;
  #highest = new HighestSeen();
  #exact = new Map<string, ExactValues>();
  #last: MetricsReading | undefined;
  #running: Promise<MetricsReading> | undefined;
  #folding: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({
    redis,
    keyPrefix,
    catalogue,
    sources = [],
    leaseMs = 10_000,
    times = PROTOCOL_TIMES,
    onError,
  }: MetricsReaderOptions) {
    this.#redis = redis;
    this.#store = redisStore(redis, keyPrefix, times);
    this.#snapshots = new SnapshotReader(redis, storeKeys(keyPrefix));
    this.#arrangement = new Arrangement(catalogue);
    this.#sources = sources;
    this.#leaseMs = leaseMs;
    this.#times = times;
    this.#flight = new SingleFlight(times.limitMs, 'reading metrics');
    this.#onError = onError;
  }

  /** Reads in the background until disposed. */
  start(everyMs = 1000): void {
    if (this.#timer) return;
    const turn = (): void => void this.read().catch(() => undefined);
    this.#timer = setInterval(turn, everyMs).unref();
    turn();
  }

  /**
   * The present totals; callers at the same time share one reading. Without Redis the last one, `complete: false`.
   * Throws `MetricsUnknown` when there never was one.
   */
  read(): Promise<MetricsReading> {
    this.#running ??= this.#readOrRemember().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#running?.catch(() => undefined);
    await this.#folding;
  }

  async #readOrRemember(): Promise<MetricsReading> {
    try {
      const reading = await this.#flight.run((signal) => this.#readNow(signal));
      // Of the parts of a reading one may have failed all the same.
      if (reading.complete || !this.#failing) this.onSuccess?.();
      this.#failing = false;
      this.#last = reading;
    } catch (error) {
      this.#report(error);
      if (!this.#last) throw new MetricsUnknown(error);
      this.#last = { ...this.#last, complete: false };
    }
    return this.#last;
  }

  async #readNow(signal: AbortSignal): Promise<MetricsReading> {
    const snapshot = await this.#snapshot();
    // After the snapshot: were it before, a FLUSHALL in between would show old exact values under a new `since`.
    const exactIsFresh = await this.#readExact(snapshot.storeId);
    signal.throwIfAborted();
    this.#continuity = follow(this.#continuity, snapshot, this.#times);
    const { exact, fell } = this.#highest.raise(snapshot.storeId, this.#exact);
    this.#tidy(snapshot);
    return {
      ...this.#arrangement.arrange(this.#columns.totals(snapshot), exact),
      processes: snapshot.members.filter(({ leaseEnds }) => leaseEnds > snapshot.now),
      sources: snapshot.members.map(({ service, instance, publishedAt }) => ({
        service,
        instance,
        age_seconds: Math.max(0, snapshot.now - publishedAt) / 1000,
      })),
      complete: exactIsFresh && !fell && isComplete(this.#continuity, snapshot, this.#times),
      since: snapshot.since / 1000,
    };
  }

  async #snapshot(): Promise<Snapshot> {
    const found = await this.#snapshots.read();
    if (found) return found;
    // Nobody has published yet, or the data is gone: a store begins here and now.
    await this.#store.fold({ mode: 'lapsed', leaseMs: this.#leaseMs, boots: [] });
    const opened = await this.#snapshots.read();
    if (!opened) throw new Error('the metrics store vanishes as it is made');
    return opened;
  }

  /** One that fails keeps its last values; one that never had any fails the reading. */
  async #readExact(storeId: string): Promise<boolean> {
    if (this.#continuity.last && this.#continuity.last.storeId !== storeId) this.#exact.clear();
    const results = await Promise.allSettled(this.#sources.map((source) => source.read(this.#redis)));
    let fresh = true;
    for (const [i, result] of results.entries()) {
      const { name } = this.#sources[i]!;
      if (result.status === 'fulfilled') {
        this.#exact.set(name, result.value);
      } else {
        if (!this.#exact.has(name)) throw result.reason;
        this.#report(result.reason);
        fresh = false;
      }
    }
    return fresh;
  }

  /** Folds who lapsed, after the reading and not in its way. */
  #tidy({ now, members, unreadable }: Snapshot): void {
    for (const boot of unreadable) {
      if (this.#reported.has(boot) || this.#reported.size > 1000) continue;
      this.#reported.add(boot);
      this.#onError(new Error(`what ${boot} published can't be read; it is left out`));
    }
    const lapsed = members.filter(({ leaseEnds }) => leaseEnds <= now).map(({ boot }) => boot);
    const boots = [...lapsed, ...unreadable].slice(0, MAX_FOLD);
    if (boots.length === 0 || this.#folding) return;
    this.#folding = this.#store
      .fold({ mode: 'lapsed', leaseMs: this.#leaseMs, boots })
      .then(
        () => undefined,
        (error: unknown) => this.#report(error),
      )
      .finally(() => (this.#folding = undefined));
  }

  #report(error: unknown): void {
    if (!this.#failing) this.#onError(error);
    this.#failing = true;
  }
}
