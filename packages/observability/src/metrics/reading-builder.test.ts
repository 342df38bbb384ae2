import { expect, test } from 'vitest';
import { byColumn, jobs, member, snapshot } from '../testing/snapshots.ts';
import { ReadingBuilder } from './reading-builder.ts';
import { SeriesAggregator } from './series-aggregator.ts';
import { formatColumn } from './column.ts';
import type { Snapshot } from './snapshot.ts';

test('includes the whole catalogue except optional metrics, and exact values replace published ones', () => {
  const catalogue = {
    jobs: { type: 'counter', help: '' },
    idle: { type: 'gauge', help: '' },
    unknown: { type: 'gauge', help: '', optional: true },
    t: { type: 'histogram', help: '' },
  } as const;
  const columns = [
    formatColumn({ kind: 'c', name: 'other', labels: { q: 'b' } }),
    formatColumn({ kind: 'c', name: 'other', labels: { q: 'a' } }),
    jobs,
    formatColumn({ kind: 'h', name: 't', labels: {}, buckets: [1, 2], part: 1 }),
    formatColumn({ kind: 'h', name: 't', labels: {}, buckets: [1, 2], part: 3 }),
    'rubbish',
  ];
  const { series, exact, ...reading } = new ReadingBuilder(catalogue).build(
    { columns, values: Float64Array.of(2, 3, 100, 4, 6.5, 1) },
    [{ counters: { jobs: 3 } }, { counters: { jobs: 4 } }],
  );
  expect(reading).toEqual({
    counters: { jobs: 7, other: 5 },
    gauges: { idle: 0 },
    histograms: { t: [{ labels: {}, bounds: [1, 2], counts: [0, 4, 0], count: 4, sum: 6.5 }] },
    labels: {
      other: [
        { labels: { q: 'b' }, value: 2 },
        { labels: { q: 'a' }, value: 3 },
      ],
    },
  });
  expect(byColumn(exact)).toEqual({ [jobs]: 7 });
  expect(byColumn(series)).toEqual({
    [columns[0]!]: 2,
    [columns[1]!]: 3,
    [columns[3]!]: 4,
    [columns[4]!]: 6.5,
    [jobs]: 7,
    rubbish: 1,
  });
});

test('the columns are the same array until a series comes or goes', () => {
  const aggregator = new SeriesAggregator();
  const builder = new ReadingBuilder({});
  const columnsOf = (view: Snapshot): readonly string[] =>
    builder.build(aggregator.totals(view), [{ counters: { exact: 1 } }]).series.columns;
  const both = columnsOf(snapshot([member('a'), member('b')]));
  expect(columnsOf(snapshot([member('a')]))).toBe(both);
  expect(columnsOf(snapshot([]))).not.toBe(both);
  expect(columnsOf(snapshot([]))).toEqual([jobs, 'c["exact",{}]']);
});
