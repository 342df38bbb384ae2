import { effect, signal } from '@preact/signals';
import { get, me } from './api.ts';
import { connection, liveValue } from './live.ts';
import type { SeriesName } from './live-values.ts';
import { isOperator } from './page.ts';

export interface History {
  /** Unix seconds of each point. */
  times: number[];
  series: Partial<Record<SeriesName, (number | null)[]>>;
}

interface HistoryView {
  step_seconds: number;
  until: number;
  series: Record<SeriesName, (number | null)[]>;
}

/** Points in the last hour: one every 10 s. */
const MAX_POINTS = 360;

/** The series of the overview over the last hour: loaded once, then continued by live updates. */
export const history = signal<History>({ times: [], series: {} });

export function fromView({ step_seconds: step, until, series }: HistoryView): History {
  const length = Object.values(series)[0]?.length ?? 0;
  const last = Math.round(until / 1000);
  return { times: Array.from({ length }, (_, index) => last - (length - 1 - index) * step), series };
}

/** Adds a point, unless it is already there. */
export function withPoint(before: History, at: number, values: Record<SeriesName, number | null>): History {
  if (at <= (before.times.at(-1) ?? 0)) return before;
  const series: History['series'] = {};
  for (const [name, value] of Object.entries(values) as [SeriesName, number | null][])
    series[name] = [...(before.series[name] ?? []), value].slice(-MAX_POINTS);
  return { times: [...before.times, at].slice(-MAX_POINTS), series };
}

/** Loads the history, again after each interruption, during which points were missed. */
effect(() => {
  const who = me.value;
  if (!who || !isOperator(who)) {
    history.value = { times: [], series: {} };
    return;
  }
  if (connection.value !== 'live' && connection.value !== 'polling') return;
  const aborter = new AbortController();
  void (async () => {
    try {
      const view = await get<HistoryView>('api/console/history', aborter.signal);
      if (!aborter.signal.aborted) history.value = fromView(view);
    } catch {
      // Loaded again with the next connection.
    }
  })();
  return () => aborter.abort();
});
effect(() => {
  const point = liveValue('figures');
  if (point) history.value = withPoint(history.peek(), Math.round(point.until / 1000), point.values);
});
