import type { RedisClient } from '../redis/client.ts';
import type { SeriesTable } from './series-aggregator.ts';
import type { Labels } from './column.ts';

/** One series of a counter or gauge. */
export interface LabelledValue {
  readonly labels: Labels;
  readonly value: number;
}

/** One series of a histogram. */
export interface HistogramReading {
  readonly labels: Labels;
  /** Upper bounds of the buckets, ascending. */
  readonly bounds: readonly number[];
  /** Number of values in each bucket, not cumulative. One more than `bounds`: the last one is for values above all bounds. */
  readonly counts: readonly number[];
  /** Number of all values. */
  readonly count: number;
  /** Sum of all values. */
  readonly sum: number;
}

/** A process whose values are in a reading and not folded yet. */
export interface PublisherStatus {
  readonly service: string;
  readonly instance: string;
  /** Age of its values in seconds. */
  readonly age_seconds: number;
}

/** The values of one process: what it counted since it started, and its gauges. */
interface ProcessSeries extends SeriesTable {
  readonly instance: string;
}

/** The metrics of the whole system at one moment. */
export interface MetricsReading {
  /** Totals over all labels, services and replicas. They never fall as long as `since` is the same. */
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
  readonly histograms: Readonly<Record<string, readonly HistogramReading[]>>;
  /** For each counter and gauge with labels: one value for each combination of labels that occurred. */
  readonly labels: Readonly<Record<string, readonly LabelledValue[]>>;
  /** All of the above by series, for a `TextRenderer`. */
  readonly series: SeriesTable;
  /** The part of `series` that comes from the exact readers. */
  readonly exact: SeriesTable;
  /** The published series of each process whose lease runs. Processes that are gone are only in the totals. */
  readonly processes: readonly ProcessSeries[];
  readonly sources: readonly PublisherStatus[];
  /**
   * True when nothing is missing: the values of every publisher are less than 3 s old, none could not be read, no loss of Redis' data is
   * still being made up for, and all exact values were read, with no counter below what this reader has seen before.
   */
  readonly complete: boolean;
  /** When the counters began at zero, in Unix seconds. It changes when Redis loses its data. */
  readonly since: number;
}

/** Reads values that Redis itself knows exactly, such as the size of a set, so that they need not be counted a second time. */
export interface ExactReader {
  /** Unique among the exact readers of a `MetricsReader`. */
  readonly name: string;
  read(redis: RedisClient): Promise<ExactValues>;
}

/** Values by metric name. `labels` has the series behind a counter or gauge of the same name. */
export interface ExactValues {
  readonly counters?: Readonly<Record<string, number>>;
  readonly gauges?: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, readonly LabelledValue[]>>;
}

/** Redis has been away ever since this process started, so there are no totals, not even old ones. */
export class MetricsUnknown extends Error {
  override name = 'MetricsUnknown';
  readonly code = 'METRICS_UNKNOWN';

  constructor(cause: unknown) {
    super('the totals have not been read yet', { cause });
  }
}
