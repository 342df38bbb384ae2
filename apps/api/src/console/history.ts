import type { MetricsReader, MetricsReading } from '@prosaas/observability';
import { type FigureName, type Figures, figureNames, figuresBetween } from './figures.ts';

const STEP_SECONDS = 10;
const POINTS = 360;

/** The last hour in steps of ten seconds, the oldest first. */
export interface HistoryView {
  step_seconds: number;
  /** Unix ms of the last point. */
  until: number;
  series: Record<FigureName, (number | null)[]>;
}

/** Keeps the last hour of the figures in the memory of this process: what a page draws when it is opened. */
export class History implements Disposable {
  readonly #reader: Pick<MetricsReader, 'read'>;
  readonly #timer: NodeJS.Timeout;
  readonly #points: Figures[] = [];
  #last: { at: number; reading: MetricsReading } | undefined;
  #until = 0;

  constructor(reader: Pick<MetricsReader, 'read'>) {
    this.#reader = reader;
    this.#timer = setInterval(() => void this.#step(), STEP_SECONDS * 1000).unref();
    void this.#step();
  }

  view(): HistoryView {
    const series = Object.fromEntries(
      figureNames.map((name) => [name, this.#points.map((point) => rounded(point[name]))]),
    ) as HistoryView['series'];
    return { step_seconds: STEP_SECONDS, until: this.#until, series };
  }

  /** The last point of it; null before there is one. */
  latest(): { until: number; values: Figures } | null {
    const last = this.#points.at(-1);
    if (last === undefined) return null;
    const values = Object.fromEntries(figureNames.map((name) => [name, rounded(last[name])])) as Figures;
    return { until: this.#until, values };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #step(): Promise<void> {
    const measured = await this.#measure();
    // A first reading says nothing of what happened.
    const figures = measured && figuresBetween(this.#last, measured);
    if (this.#last !== undefined || this.#points.length > 0) this.#points.push(figures ?? unknown());
    if (this.#points.length > POINTS) this.#points.shift();
    this.#until = Date.now();
    this.#last = measured ?? this.#last;
  }

  /** Undefined while the metrics cannot be read: an old reading is a gap, not a line. */
  async #measure(): Promise<{ at: number; reading: MetricsReading } | undefined> {
    const reading = await this.#reader.read().catch(() => undefined);
    return reading?.complete === true ? { at: performance.now(), reading } : undefined;
  }
}

const unknown = (): Figures =>
  Object.fromEntries(figureNames.map((name) => [name, null])) as unknown as Figures;

const rounded = (value: number | null): number | null =>
  value === null ? null : Math.round(value * 1000) / 1000;
