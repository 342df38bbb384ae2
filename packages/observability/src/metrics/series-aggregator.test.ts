import { expect, test } from 'vitest';
import { byColumn, jobs, last, max, member, NOW, snapshot, sum } from '../testing/snapshots.ts';
import { SeriesAggregator } from './series-aggregator.ts';
import { formatColumn } from './column.ts';
import type { Snapshot } from './snapshot.ts';

test('counters of a lapsed process count until it is folded, its gauges do not', () => {
  const lapsed = member('b', {
    leaseEnds: NOW,
    publishedAt: NOW - 10_000,
    values: Float64Array.of(100, 100, 100, 100),
  });
  const view = snapshot([lapsed, member('a')]);
  expect(byColumn(new SeriesAggregator().totals(view))).toEqual({
    [jobs]: 111,
    [sum]: 2,
    [max]: 3,
    [last]: 4,
  });
  expect(byColumn(new SeriesAggregator().totals(snapshot([lapsed])))).toEqual({ [jobs]: 110 });
});

test('gauges of several processes are combined by their aggregate', () => {
  const latest = member('b', { publishedAt: NOW - 1, values: Float64Array.of(1, 20, 1, 7) });
  expect(byColumn(new SeriesAggregator().totals(snapshot([latest, member('a')])))).toEqual({
    [jobs]: 12,
    [sum]: 22,
    [max]: 3,
    [last]: 7,
  });
});

test('totals keep the highest value seen until a new store begins at zero', () => {
  const aggregator = new SeriesAggregator();
  const jobsIn = (view: Snapshot): number | undefined => byColumn(aggregator.totals(view))[jobs];
  expect(jobsIn(snapshot([member('a', { values: Float64Array.of(90, 0, 0, 0) })]))).toBe(100);
  expect(jobsIn(snapshot([]))).toBe(100);
  expect(jobsIn(snapshot([member('a')], { retired: new Map([[jobs, 100]]) }))).toBe(101);
  const other = formatColumn({ kind: 'c', name: 'other', labels: {} });
  const fresh = snapshot([member('a', { columns: [other], values: Float64Array.of(5) })], {
    storeId: 'b',
    retired: new Map(),
  });
  expect(byColumn(aggregator.totals(fresh))).toEqual({ [other]: 5 });
});

test('adds up processes of different schemas and ignores invalid columns and values', () => {
  const other = formatColumn({ kind: 'c', name: 'other', labels: {} });
  const view = snapshot(
    [
      member('a', { columns: [other, jobs], values: Float64Array.of(1, 2) }),
      member('b', { columns: [jobs, 'rubbish', sum], values: Float64Array.of(3, 4, Number.NaN) }),
      member('c', { columns: [jobs], values: Float64Array.of(Infinity) }),
    ],
    {
      retired: new Map([
        ['rubbish', 1],
        [jobs, Number.NaN],
        [sum, 7],
      ]),
    },
  );
  expect(byColumn(new SeriesAggregator().totals(view))).toEqual({ [other]: 1, [jobs]: 5 });
});
