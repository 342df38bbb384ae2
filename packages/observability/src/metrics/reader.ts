import type { RedisClient } from '../redis/client.ts';
import { SingleFlight } from '../redis/time-limit.ts';
import type { Catalogue } from './catalogue.ts';
import { SeriesAggregator } from './series-aggregator.ts';
import { type LossState, INITIAL_LOSS_STATE, updateLossState, isComplete } from './loss-detection.ts';
import { MonotonicCounters } from './monotonic-counters.ts';
import { type ExactReader, type ExactValues, MetricsUnknown, type MetricsReading } from './reading.ts';
import { type Snapshot, SnapshotReader } from './snapshot.ts';
import { MAX_FOLD, type MetricsStore, redisStore, storeKeys } from './store.ts';
import { PROTOCOL_TIMES, type ProtocolTimes } from './times.ts';
import { ReadingBuilder } from './reading-builder.ts';

/** Unreadable epochs that are reported, each once. */
const MAX_REPORTED = 1000;

export interface MetricsReaderOptions {
  redis: RedisClient;
  /** The same as for the publishers. */
  keyPrefix: string;
  /** The metrics that a reading always has. */
  catalogue: Catalogue;
  /** Read metrics from Redis itself, which replace published ones of the same name. */
  exactReaders?: readonly ExactReader[];
  /** The publishers' lease, 10,000 by default. */
  leaseMs?: number;
  times?: ProtocolTimes;
  /** Called with the first failure of each outage, and once for each publisher whose values cannot be read. */
  onError: (error: unknown) => void;
}

/**
 * Reads the metrics of the whole system. Any number of readers may run; each also folds the processes whose lease has run out. Call
 * `start` to read in the background, so that the last totals are known when Redis goes away.
 */
export class MetricsReader implements AsyncDisposable {
  #redis: RedisClient;
  #store: MetricsStore;
  #snapshots: SnapshotReader;
  #aggregator = new SeriesAggregator();
  #builder: ReadingBuilder;
  #exactReaders: readonly ExactReader[];
  #leaseMs: number;
  #onError: (error: unknown) => void;
  /** Called after each reading in which nothing failed. */
  onSuccess: (() => void) | undefined;
  #times: ProtocolTimes;
  #flight: SingleFlight;
  #failing = false;
  #reported = new Set<string>();
  #lossState: LossState = INITIAL_LOSS_STATE;
  #monotonic = new MonotonicCounters();
  #exact = new Map<string, ExactValues>();
  #last: MetricsReading | undefined;
  #running: Promise<MetricsReading> | undefined;
  #folding: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({
    redis,
    keyPrefix,
    catalogue,
    exactReaders = [],
    leaseMs = 10_000,
    times = PROTOCOL_TIMES,
    onError,
  }: MetricsReaderOptions) {
    this.#redis = redis;
    this.#store = redisStore(redis, keyPrefix, times);
    this.#snapshots = new SnapshotReader(redis, storeKeys(keyPrefix));
    this.#builder = new ReadingBuilder(catalogue);
    this.#exactReaders = exactReaders;
    this.#leaseMs = leaseMs;
    this.#times = times;
    this.#flight = new SingleFlight(times.limitMs, 'reading metrics');
    this.#onError = onError;
  }

  /** Reads at each interval until disposed of. */
  start(everyMs = 1000): void {
    if (this.#timer) return;
    const read = (): void => void this.read().catch(() => undefined);
    this.#timer = setInterval(read, everyMs).unref();
    read();
  }

  /**
   * The present totals. Concurrent calls share one reading. While Redis is away it resolves to the last reading with `complete: false`, and
   * rejects with `MetricsUnknown` when there is none.
   */
  read(): Promise<MetricsReading> {
    this.#running ??= this.#readOrReuse().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#running?.catch(() => undefined);
    await this.#folding;
  }

  async #readOrReuse(): Promise<MetricsReading> {
    try {
      const reading = await this.#flight.run((signal) => this.#readNow(signal));
      // An exact reader may have failed although the reading succeeded.
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
    // After the snapshot. The other way round, a FLUSHALL in between would combine old exact values with a new `since`.
    const isExactFresh = await this.#readExact(snapshot.storeId);
    signal.throwIfAborted();
    this.#lossState = updateLossState(this.#lossState, snapshot, this.#times);
    const { exact, fell } = this.#monotonic.apply(snapshot.storeId, this.#exact);
    this.#reportUnreadable(snapshot);
    this.#foldLapsed(snapshot);
    return {
      ...this.#builder.build(this.#aggregator.totals(snapshot), exact),
      processes: snapshot.members.filter(({ leaseEnds }) => leaseEnds > snapshot.now),
      sources: snapshot.members.map(({ service, instance, publishedAt }) => ({
        service,
        instance,
        age_seconds: Math.max(0, snapshot.now - publishedAt) / 1000,
      })),
      complete: isExactFresh && !fell && isComplete(this.#lossState, snapshot, this.#times),
      since: snapshot.since / 1000,
    };
  }

  async #snapshot(): Promise<Snapshot> {
    const found = await this.#snapshots.read();
    if (found) return found;
    // Nobody has published yet, or the data is gone. This opens a new store.
    await this.#store.fold({ mode: 'lapsed', leaseMs: this.#leaseMs, epochs: [] });
    const opened = await this.#snapshots.read();
    if (!opened) throw new Error('the metrics store vanished right after it was opened');
    return opened;
  }

  /** Whether all exact values were read. A reader that fails keeps its last values; without any, the reading fails. */
  async #readExact(storeId: string): Promise<boolean> {
    if (this.#lossState.last && this.#lossState.last.storeId !== storeId) this.#exact.clear();
    const results = await Promise.allSettled(this.#exactReaders.map((reader) => reader.read(this.#redis)));
    let isFresh = true;
    for (const [i, result] of results.entries()) {
      const { name } = this.#exactReaders[i]!;
      if (result.status === 'fulfilled') {
        this.#exact.set(name, result.value);
      } else {
        if (!this.#exact.has(name)) throw result.reason;
        this.#report(result.reason);
        isFresh = false;
      }
    }
    return isFresh;
  }

  #reportUnreadable({ unreadable }: Snapshot): void {
    for (const epoch of unreadable) {
      if (this.#reported.has(epoch) || this.#reported.size >= MAX_REPORTED) continue;
      this.#reported.add(epoch);
      this.#onError(new Error(`the values that ${epoch} published cannot be read and are left out`));
    }
  }

  /** In the background: the reading does not wait for it. */
  #foldLapsed({ now, members, unreadable }: Snapshot): void {
    const lapsed = members.filter(({ leaseEnds }) => leaseEnds <= now).map(({ epoch }) => epoch);
    const epochs = [...lapsed, ...unreadable].slice(0, MAX_FOLD);
    if (epochs.length === 0 || this.#folding) return;
    this.#folding = this.#store
      .fold({ mode: 'lapsed', leaseMs: this.#leaseMs, epochs })
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
