import { readFileSync } from 'node:fs';
import type { MetricsReading } from '../src/index.ts';

/** One recorded reading: the changes since the previous reading of the same reader. Times are monotonic ms. */
export interface Line {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
  readonly since: number;
  readonly complete: boolean;
  readonly changed: readonly (readonly [string, number])[];
  readonly gone: readonly string[];
}

export interface ReadingSeen extends Omit<Line, 'changed' | 'gone'> {
  /** `jobs p1`: 12; also `extras`, `alive`, `sizes` (count of the histogram), `sum` (its sum) and `total` of all jobs. */
  readonly values: ReadonlyMap<string, number>;
}

export function flatten({ counters, labels, histograms }: MetricsReading): Map<string, number> {
  const values = new Map<string, number>([['total', counters['jobs'] ?? 0]]);
  for (const name of ['jobs', 'extras', 'alive']) {
    for (const { labels: given, value } of labels[name] ?? []) values.set(`${name} ${given['who']}`, value);
  }
  for (const { labels: given, count, sum } of histograms['sizes'] ?? []) {
    values.set(`sizes ${given['who']}`, count);
    values.set(`sum ${given['who']}`, sum);
  }
  return values;
}

/** Reads the record of a reader, one reading after the other. */
export function* replay(path: string): Generator<ReadingSeen> {
  let values = new Map<string, number>();
  let lastSince = 0;
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    // A reader that was killed may have left half a line.
    if (!text.endsWith('}')) continue;
    const { changed, gone, ...line } = JSON.parse(text) as Line;
    values = line.since === lastSince ? new Map(values) : new Map();
    for (const key of gone) values.delete(key);
    for (const [key, value] of changed) values.set(key, value);
    lastSince = line.since;
    yield { ...line, values };
  }
}
