import { expect, test } from 'vitest';
import { bySlot, jobs, member, snapshot } from '../testing/snapshots.ts';
import { ReadingBuilder } from './reading-builder.ts';
import { SeriesAggregator } from './series-aggregator.ts';
import { slotKey } from './slot.ts';
import type { Snapshot } from './snapshot.ts';

test('includes the whole catalogue except optional metrics, and exact values replace published ones', () => {
  const catalogue = {
    jobs: { type: 'counter', help: '' },
    idle: { type: 'gauge', help: '' },
    unknown: { type: 'gauge', help: '', optional: true },
    t: { type: 'histogram', help: '' },
  } as const;
  const slots = [
    slotKey({ kind: 'c', name: 'other', labels: { q: 'b' } }),
    slotKey({ kind: 'c', name: 'other', labels: { q: 'a' } }),
    jobs,
    slotKey({ kind: 'h', name: 't', labels: {}, buckets: [1, 2], part: 1 }),
    slotKey({ kind: 'h', name: 't', labels: {}, buckets: [1, 2], part: 3 }),
    'rubbish',
  ];
  const { series, exact, ...reading } = new ReadingBuilder(catalogue).build(
    { slots, values: Float64Array.of(2, 3, 100, 4, 6.5, 1) },
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
  expect(bySlot(exact)).toEqual({ [jobs]: 7 });
  expect(bySlot(series)).toEqual({
    [slots[0]!]: 2,
    [slots[1]!]: 3,
    [slots[3]!]: 4,
    [slots[4]!]: 6.5,
    [jobs]: 7,
    rubbish: 1,
  });
});

test('the slots are the same array until a series comes or goes', () => {
  const aggregator = new SeriesAggregator();
  const builder = new ReadingBuilder({});
  const slotsOf = (view: Snapshot): readonly string[] =>
    builder.build(aggregator.totals(view), [{ counters: { exact: 1 } }]).series.slots;
  const both = slotsOf(snapshot([member('a'), member('b')]));
  expect(slotsOf(snapshot([member('a')]))).toBe(both);
  expect(slotsOf(snapshot([]))).not.toBe(both);
  expect(slotsOf(snapshot([]))).toEqual([jobs, 'c["exact",{}]']);
});
