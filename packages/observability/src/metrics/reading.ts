import type { RedisClient } from '../redis/client.ts';
import type { SeriesTable } from './columns.ts';
import type { Labels } from './slot.ts';

export interface LabelledValue {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramReading {
  readonly labels: Labels;
  /** Upper bounds of the buckets, ascending. */
  readonly bounds: readonly number[];
  /** How many values fell into each bucket alone; one more than bounds, for those above. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

export interface PublisherStatus {
  readonly service: string;
  readonly instance: string;
  /** How long ago this process published last. */
  readonly age_seconds: number;
}

/** What one process counted since it started, and its gauges. */
interface ProcessSeries extends SeriesTable {
  readonly instance: string;
}

/** The whole system's metrics at one moment. */
export interface MetricsReading {
  /** Totals over all labels, services and replicas, since `since`; with the same `since` they never fall. */
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
  readonly histograms: Readonly<Record<string, readonly HistogramReading[]>>;
  /** The counters and gauges that have labels, one value for each combination that occurred. */
  readonly labels: Readonly<Record<string, readonly LabelledValue[]>>;
  /** All of the above by series, as a `TextRenderer` takes it. */
  readonly series: SeriesTable;
  /** Of the series, those that Redis itself knows. */
  readonly exact: SeriesTable;
  /** The rest, of each process whose lease runs. Processes that are gone are in the totals alone. */
  readonly processes: readonly ProcessSeries[];
  readonly sources: readonly PublisherStatus[];
  /**
   * Nothing is missing: every publisher spoke within 3 s, none is in grace, no roll-back is being made good, and no exact counter
   * is below what this reader saw before.
   */
  readonly complete: boolean;
  /** Unix seconds at which the counters began at zero; another value means that Redis lost its data since. */
  readonly since: number;
}

/** What Redis itself knows exactly, such as the size of a set of leases: read there, not counted twice. */
export interface ExactSource {
  readonly name: string;
  read(redis: RedisClient): Promise<ExactValues>;
}

export interface ExactValues {
  readonly counters?: Readonly<Record<string, number>>;
  readonly gauges?: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, readonly LabelledValue[]>>;
}

/** Redis is away and was away ever since this process started: there are no totals, not even old ones. */
export class MetricsUnknown extends Error {
  override name = 'MetricsUnknown';
  readonly code = 'METRICS_UNKNOWN';

  constructor(cause: unknown) {
    super('the totals have not been read yet', { cause });
  }
}
