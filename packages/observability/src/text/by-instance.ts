import type { SeriesTable } from '../metrics/series-aggregator.ts';
import type { MetricsReading } from '../metrics/reading.ts';
import { parseColumn, formatColumn } from '../metrics/column.ts';
import { EventLoopYielder } from './event-loop-yielder.ts';

interface LabelledColumns {
  readonly original: readonly string[];
  /** The same columns with the label `instance`; `undefined` for a column that cannot be read. */
  readonly columns: readonly (string | undefined)[];
}

/**
 * The series of each living process, with the label `instance`, after the exact series, which have none. `columns` is the same array as
 * before for as long as its content is the same.
 */
export function seriesByInstance(): (reading: MetricsReading) => Promise<SeriesTable> {
  let cache = new Map<string, LabelledColumns>();
  let before: readonly string[] = [];
  return async ({ processes, exact }) => {
    const yielder = new EventLoopYielder();
    const labelled = new Map<string, LabelledColumns>();
    const columns = [...exact.columns];
    const values = [...exact.values];
    for (const { instance, columns: own, values: theirs } of processes) {
      let found = cache.get(instance);
      // oxlint-disable-next-line no-await-in-loop -- yields to the event loop
      if (found?.original !== own)
        found = { original: own, columns: await withInstance(own, instance, yielder) };
      labelled.set(instance, found);
      for (const [at, column] of found.columns.entries()) {
        // NaN is a gauge without a value.
        if (column === undefined || !Number.isFinite(theirs[at])) continue;
        columns.push(column);
        values.push(theirs[at]!);
      }
    }
    cache = labelled;
    const isSame = columns.length === before.length && columns.every((column, at) => column === before[at]);
    if (!isSame) before = columns;
    return { columns: before, values: Float64Array.from(values) };
  };
}

async function withInstance(
  columns: readonly string[],
  instance: string,
  yielder: EventLoopYielder,
): Promise<(string | undefined)[]> {
  const labelled: (string | undefined)[] = [];
  for (const column of columns) {
    // oxlint-disable-next-line no-await-in-loop -- yields to the event loop
    if (labelled.length % 64 === 0 && yielder.isDue) await yielder.yieldNow();
    const parsed = parseColumn(column);
    labelled.push(parsed && formatColumn({ ...parsed, labels: { ...parsed.labels, instance } }));
  }
  return labelled;
}
