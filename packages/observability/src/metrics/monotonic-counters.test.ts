import { expect, test } from 'vitest';
import { MonotonicCounters } from './monotonic-counters.ts';

const steps: readonly [what: string, storeId: string, jobs: number, shown: number, fell: boolean][] = [
  ['the first value', 'a', 10, 10, false],
  ['the same again', 'a', 10, 10, false],
  ['it rises', 'a', 12, 12, false],
  ['it falls', 'a', 0, 12, true],
  ['it is still below the highest value', 'a', 11, 12, true],
  ['it is back', 'a', 12, 12, false],
  ['it rises on', 'a', 13, 13, false],
  ['a new store begins at zero', 'b', 0, 0, false],
  ['and rises', 'b', 2, 2, false],
  ['and falls', 'b', 1, 2, true],
];

test('a counter never falls, and counts as fallen until it is back or the store is a new one', () => {
  const monotonic = new MonotonicCounters();
  const played = steps.map(([what, storeId, jobs]) => {
    const { exact, fell } = monotonic.apply(storeId, [['queues', { counters: { jobs } }]]);
    return [what, storeId, jobs, exact[0]?.counters?.['jobs'], fell];
  });
  expect(played).toEqual(steps);
});

test('a single labelled counter that falls is noticed, a gauge may fall', () => {
  const monotonic = new MonotonicCounters();
  const read = (inbound: number, outbound: number, active: number): boolean =>
    monotonic.apply('a', [
      ['calls', { counters: { started: 7 }, gauges: { active } }],
      [
        'queues',
        {
          counters: { jobs: 10 },
          labels: {
            jobs: [
              { labels: { queue: 'inbound' }, value: inbound },
              { labels: { queue: 'outbound' }, value: outbound },
            ],
            depth: [{ labels: {}, value: active }],
          },
        },
      ],
    ]).fell;
  expect([read(5, 5, 3), read(6, 4, 3), read(6, 5, 0)]).toEqual([false, true, false]);
});

test('two exact readers may have counters of the same name', () => {
  const monotonic = new MonotonicCounters();
  monotonic.apply('a', [
    ['one', { counters: { jobs: 10 } }],
    ['two', { counters: { jobs: 1 } }],
  ]);
  const { exact, fell } = monotonic.apply('a', [
    ['two', { counters: { jobs: 1 } }],
    ['one', { counters: { jobs: 10 } }],
  ]);
  expect([exact.map(({ counters }) => counters), fell]).toEqual([[{ jobs: 1 }, { jobs: 10 }], false]);
});
