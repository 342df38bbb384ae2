import { expect, test } from 'vitest';
import { Columns, type SeriesTable } from './columns.ts';
import { isComplete, follow, NO_CONTINUITY } from './continuity.ts';
import { slotKey } from './slot.ts';
import type { Member, Snapshot } from './snapshot.ts';
import { Arrangement } from './totals.ts';

const NOW = 1_000_000;
const jobs = slotKey({ kind: 'c', name: 'jobs', labels: {} });
const sum = slotKey({ kind: 'g', name: 'sum', labels: {}, aggregate: 'sum' });
const max = slotKey({ kind: 'g', name: 'max', labels: {}, aggregate: 'max' });
const last = slotKey({ kind: 'g', name: 'last', labels: {}, aggregate: 'last' });

function member(instance: string, overrides: Partial<Member> = {}): Member {
  const common = {
    service: 's',
    instance,
    boot: `s|${instance}|0`,
    seq: 5,
    publishedAt: NOW - 500,
    leaseEnds: NOW + 9500,
  };
  return { ...common, slots: [jobs, sum, max, last], values: Float64Array.of(1, 2, 3, 4), ...overrides };
}

function snapshot(members: Member[], overrides: Partial<Snapshot> = {}): Snapshot {
  const common = {
    now: NOW,
    storeId: 'a',
    since: 0,
    publishedAt: NOW - 500,
    folds: 3,
    left: [],
    retired: new Map([[jobs, 10]]),
  };
  return { ...common, members, unreadable: [], ...overrides };
}

function bySlot({ slots, values }: SeriesTable): Record<string, number> {
  return Object.fromEntries(slots.map((slot, i) => [slot, values[i]!]));
}

test('a lapsed process counts until it is folded; its gauges do not', () => {
  const lapsed = member('b', {
    leaseEnds: NOW,
    publishedAt: NOW - 10_000,
    values: Float64Array.of(100, 100, 100, 100),
  });
  const view = snapshot([lapsed, member('a')]);
  expect(bySlot(new Columns().totals(view))).toEqual({ [jobs]: 111, [sum]: 2, [max]: 3, [last]: 4 });
  expect(bySlot(new Columns().totals(snapshot([lapsed])))).toEqual({ [jobs]: 110 });
});

test('gauges of several processes become one as each says', () => {
  const latest = member('b', { publishedAt: NOW - 1, values: Float64Array.of(1, 20, 1, 7) });
  expect(bySlot(new Columns().totals(snapshot([latest, member('a')])))).toEqual({
    [jobs]: 12,
    [sum]: 22,
    [max]: 3,
    [last]: 7,
  });
});

test('the catalogue is always all there but for what is optional, and what Redis knows exactly takes its place', () => {
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
  const { series, exact, ...reading } = new Arrangement(catalogue).arrange(
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

test('totals stand at the highest that was seen, until another store begins at zero', () => {
  const columns = new Columns();
  const jobsIn = (view: Snapshot): number | undefined => bySlot(columns.totals(view))[jobs];
  expect(jobsIn(snapshot([member('a', { values: Float64Array.of(90, 0, 0, 0) })]))).toBe(100);
  expect(jobsIn(snapshot([]))).toBe(100);
  expect(jobsIn(snapshot([member('a')], { retired: new Map([[jobs, 100]]) }))).toBe(101);
  const other = slotKey({ kind: 'c', name: 'other', labels: {} });
  const fresh = snapshot([member('a', { slots: [other], values: Float64Array.of(5) })], {
    storeId: 'b',
    retired: new Map(),
  });
  expect(bySlot(columns.totals(fresh))).toEqual({ [other]: 5 });
});

test('processes of several schemas meet in one column, whatever a stranger adds', () => {
  const other = slotKey({ kind: 'c', name: 'other', labels: {} });
  const view = snapshot(
    [
      member('a', { slots: [other, jobs], values: Float64Array.of(1, 2) }),
      member('b', { slots: [jobs, 'rubbish', sum], values: Float64Array.of(3, 4, Number.NaN) }),
      member('c', { slots: [jobs], values: Float64Array.of(Infinity) }),
    ],
    {
      retired: new Map([
        ['rubbish', 1],
        [jobs, Number.NaN],
        [sum, 7],
      ]),
    },
  );
  expect(bySlot(new Columns().totals(view))).toEqual({ [other]: 1, [jobs]: 5 });
});

test('series stay the same array until one comes or goes', () => {
  const columns = new Columns();
  const arrangement = new Arrangement({});
  const slotsOf = (view: Snapshot): readonly string[] =>
    arrangement.arrange(columns.totals(view), [{ counters: { exact: 1 } }]).series.slots;
  const both = slotsOf(snapshot([member('a'), member('b')]));
  expect(slotsOf(snapshot([member('a')]))).toBe(both);
  expect(slotsOf(snapshot([]))).not.toBe(both);
  expect(slotsOf(snapshot([]))).toEqual([jobs, 'c["exact",{}]']);
});

test.each([
  ['everyone spoke just now', snapshot([member('a')]), true],
  ['nobody publishes at all', snapshot([]), true],
  ['one has been silent for 3 s', snapshot([member('a'), member('b', { publishedAt: NOW - 3000 })]), false],
  [
    'one lapsed and is not folded',
    snapshot([member('a', { publishedAt: NOW - 11_000, leaseEnds: NOW - 1000 })]),
    false,
  ],
  ['one can not be read', snapshot([member('a')], { unreadable: ['b'] }), false],
  ['the store is new', snapshot([member('a')], { since: NOW - 100 }), false],
])('whether a reading is complete when %s', (_when, view, complete) => {
  expect(isComplete(follow(NO_CONTINUITY, view), view)).toBe(complete);
});

test.each([
  [
    'the last publishing lies before what was seen',
    snapshot([member('a'), member('b')], { publishedAt: NOW - 600 }),
  ],
  ['folds were undone', snapshot([member('a'), member('b')], { folds: 2 })],
  ['a sequence number fell', snapshot([member('a'), member('b', { seq: 4 })])],
  ['one is gone that nobody folded', snapshot([member('a')])],
  ['one is gone and another was folded', snapshot([member('a')], { folds: 4, left: ['s|z|0'] })],
  ['it is another store', snapshot([member('a'), member('b')], { storeId: 'b' })],
])('nothing is complete before everyone spoke again when %s', (_when, lost) => {
  const before = snapshot([member('a'), member('b')]);
  let continuity = follow(follow(NO_CONTINUITY, before), lost);
  expect(isComplete(continuity, lost)).toBe(false);

  const spoke = { publishedAt: NOW + 200, leaseEnds: NOW + 10_200, seq: 6 };
  const half = {
    ...lost,
    now: NOW + 300,
    publishedAt: NOW + 200,
    members: [member('a', spoke), member('b')],
  };
  continuity = follow(continuity, half);
  expect(isComplete(continuity, half)).toBe(false);

  const all = { ...half, now: NOW + 400, members: [member('a', spoke), member('b', spoke)] };
  continuity = follow(continuity, all);
  expect(isComplete(continuity, all)).toBe(false);

  // Those of whom this reader never knew have had their time, too.
  const again = { publishedAt: NOW + 3000, leaseEnds: NOW + 13_000, seq: 7 };
  const later = { ...all, now: NOW + 3100, publishedAt: NOW + 3000 };
  const settled = { ...later, members: [member('a', again), member('b', again)] };
  continuity = follow(continuity, settled);
  expect(isComplete(continuity, settled)).toBe(true);
});

test.each([
  ['it is named', { folds: 4, left: ['s|b|0'] }],
  [
    'it can be one of those too many to be named',
    { folds: 3 + 34, left: Array.from({ length: 32 }, (_, i) => `z${i}`) },
  ],
  ['a build that names nobody did it', { folds: 4 }],
])('nothing is missing when one is gone that was folded: %s', (_how, folded) => {
  const before = snapshot([member('a'), member('b')]);
  const after = snapshot([member('a')], folded);
  expect(isComplete(follow(follow(NO_CONTINUITY, before), after), after)).toBe(true);
});

test('a process that does not come back after a roll-back is given up', () => {
  const lost = snapshot([member('a')], { storeId: 'b' });
  let continuity = follow(follow(NO_CONTINUITY, snapshot([member('a'), member('b')])), lost);
  const later = NOW + 10_100;
  const spoke = snapshot([member('a', { publishedAt: later, leaseEnds: later + 10_000 })], {
    storeId: 'b',
    now: later,
    publishedAt: later,
  });
  continuity = follow(continuity, spoke);
  expect(isComplete(continuity, spoke)).toBe(true);
});
