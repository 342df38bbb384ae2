import { effect, signal } from '@preact/signals';
import { get, me } from './api.ts';
import { connection, liveValue } from './live.ts';
import type { FigureName } from './live-values.ts';
import { isOperator } from './page.ts';

export interface History {
  /** Unix seconds of each point. */
  times: number[];
  series: Partial<Record<FigureName, (number | null)[]>>;
}

interface HistoryView {
  step_seconds: number;
  until: number;
  series: Record<FigureName, (number | null)[]>;
}

/** Points of the last hour. */
const MOST = 360;

/** The last hour of the figures: read once, then continued by what the api tells. */
export const history = signal<History>({ times: [], series: {} });

export function fromView({ step_seconds: step, until, series }: HistoryView): History {
  const length = Object.values(series)[0]?.length ?? 0;
  const last = Math.round(until / 1000);
  return { times: Array.from({ length }, (_, index) => last - (length - 1 - index) * step), series };
}

/** With one more point; one that is known already changes nothing. */
export function withPoint(before: History, at: number, values: Record<FigureName, number | null>): History {
  if (at <= (before.times.at(-1) ?? 0)) return before;
  const series: History['series'] = {};
  for (const [name, value] of Object.entries(values) as [FigureName, number | null][])
    series[name] = [...(before.series[name] ?? []), value].slice(-MOST);
  return { times: [...before.times, at].slice(-MOST), series };
}

/** Also after a break, in which points were missed. */
effect(() => {
  const who = me.value;
  if (!who || !isOperator(who)) {
    history.value = { times: [], series: {} };
    return;
  }
  if (connection.value !== 'live' && connection.value !== 'polling') return;
  const leaving = new AbortController();
  void (async () => {
    try {
      const view = await get<HistoryView>('api/console/history', leaving.signal);
      if (!leaving.signal.aborted) history.value = fromView(view);
    } catch {
      // read again with the next connection
    }
  })();
  return () => leaving.abort();
});
effect(() => {
  const point = liveValue('figures');
  if (point) history.value = withPoint(history.peek(), Math.round(point.until / 1000), point.values);
});
