import type { MetricsReader } from '@prosaas/observability';
import {
  type OverviewMetricName,
  type OverviewMetrics,
  type TimedReading,
  computeOverviewMetrics,
  overviewMetricNames,
} from './overview-metrics.ts';

const STEP_SECONDS = 10;
/** One hour. */
const MAX_POINTS = 360;

export interface MetricsHistoryView {
  step_seconds: number;
  /** Unix ms of the last point. */
  until: number;
  /** Oldest first. */
  series: Record<OverviewMetricName, (number | null)[]>;
}

/** The overview metrics of the last hour, in the memory of this process. A page draws them when it opens. */
export class MetricsHistory implements Disposable {
  readonly #reader: Pick<MetricsReader, 'read'>;
  readonly #timer: NodeJS.Timeout;
  readonly #points: OverviewMetrics[] = [];
  #lastReading: TimedReading | undefined;
  #until = 0;

  constructor(reader: Pick<MetricsReader, 'read'>) {
    this.#reader = reader;
    this.#timer = setInterval(() => void this.#addPoint(), STEP_SECONDS * 1000).unref();
    void this.#addPoint();
  }

  view(): MetricsHistoryView {
    const series = Object.fromEntries(
      overviewMetricNames.map((name) => [name, this.#points.map((point) => rounded(point[name]))]),
    ) as MetricsHistoryView['series'];
    return { step_seconds: STEP_SECONDS, until: this.#until, series };
  }

  /** The last point; null before there is one. */
  latest(): { until: number; values: OverviewMetrics } | null {
    const last = this.#points.at(-1);
    if (last === undefined) return null;
    const values = Object.fromEntries(
      overviewMetricNames.map((name) => [name, rounded(last[name])]),
    ) as OverviewMetrics;
    return { until: this.#until, values };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #addPoint(): Promise<void> {
    const reading = await this.#read();
    const metrics = reading && computeOverviewMetrics(this.#lastReading, reading);
    // The first reading gives no point: a rate needs two readings.
    if (this.#lastReading !== undefined || this.#points.length > 0) this.#points.push(metrics ?? unknown());
    if (this.#points.length > MAX_POINTS) this.#points.shift();
    this.#until = Date.now();
    this.#lastReading = reading ?? this.#lastReading;
  }

  /** Undefined while the metrics cannot be read or are incomplete, which leaves a gap in the series. */
  async #read(): Promise<TimedReading | undefined> {
    const reading = await this.#reader.read().catch(() => undefined);
    return reading?.complete === true ? { at: performance.now(), reading } : undefined;
  }
}

const unknown = (): OverviewMetrics =>
  Object.fromEntries(overviewMetricNames.map((name) => [name, null])) as unknown as OverviewMetrics;

const rounded = (value: number | null): number | null =>
  value === null ? null : Math.round(value * 1000) / 1000;
