import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { timeText } from '../lib/format.ts';
import { summaryOf } from './chart-summary.ts';

export interface ChartData {
  /** Unix seconds of each point. */
  times: readonly number[];
  /** null is a gap: the value is unknown. */
  values: readonly (number | null)[];
}

const HEIGHT = 72;
const HOUR_SECONDS = 3600;

/**
 * A small line chart over time. uPlot draws on a canvas, which a screen reader cannot read. Therefore the figure has a summary in words, can
 * be focused, and its arrow keys announce one value after another.
 */
export function Chart({
  title,
  data,
  format,
}: {
  title: string;
  data: ChartData;
  format: (value: number) => string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const at = useSignal<number | null>(null);
  const id = useId();

  useEffect(() => {
    const element = place.current!;
    const styles = getComputedStyle(element);
    const colour = (name: string): string => styles.getPropertyValue(name);
    const chart = new uPlot(
      {
        width: element.clientWidth || 200,
        height: HEIGHT,
        legend: { show: false },
        cursor: { sync: { key: 'charts' }, y: false, points: { size: 6 } },
        padding: [4, 0, 2, 0],
        scales: {
          x: { range: (_chart, _first, last) => [last - HOUR_SECONDS, last] },
          y: { range: (_chart, _low, high) => [0, Math.max(high ?? 0, 1e-9) * 1.1] },
        },
        axes: [{ show: false }, { show: false }],
        series: [
          {},
          { stroke: colour('--chart'), fill: colour('--chart-fill'), width: 1.5, points: { show: false } },
        ],
        hooks: { setCursor: [({ cursor }) => (at.value = cursor.idx ?? null)] },
      },
      toPlot(data),
      element,
    );
    plot.current = chart;
    const resized = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, []);
  useEffect(() => plot.current?.setData(toPlot(data)), [data]);

  const last = data.values.length - 1;
  const move = (index: number): void => {
    const chart = plot.current;
    if (!chart || last < 0) return;
    const next = Math.min(last, Math.max(0, index));
    chart.setCursor({ left: chart.valToPos(data.times[next]!, 'x'), top: 0 });
    at.value = next;
  };
  const press = (event: KeyboardEvent): void => {
    const from = at.value ?? last + 1;
    const steps: Record<string, number> = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last };
    const target = steps[event.key];
    if (target === undefined) return;
    event.preventDefault();
    move(target);
  };
  const shown = at.value ?? last;
  const value = data.values[shown];
  const reading =
    shown < 0
      ? 'no data yet'
      : `${value === null || value === undefined ? 'no data' : format(value)} at ${timeText((data.times[shown] ?? 0) * 1000, (data.times[last] ?? 0) * 1000)}`;
  return (
    <figure
      class="chart"
      tabIndex={0}
      aria-labelledby={id}
      onKeyDown={press}
      onBlur={() => (at.value = null)}
    >
      <figcaption id={id}>
        <span class="chart-title">{title}</span>
        <span class="chart-value">{value === null || value === undefined ? '–' : format(value)}</span>
        <span class="visually-hidden">{summaryOf(data.values, format)}</span>
      </figcaption>
      <div class="chart-place" ref={place} aria-hidden="true" />
      <span class="visually-hidden" aria-live="polite">
        {at.value === null ? '' : reading}
      </span>
    </figure>
  );
}

const toPlot = ({ times, values }: ChartData): uPlot.AlignedData => [[...times], [...values]];
