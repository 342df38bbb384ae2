import { expect, test } from 'vitest';
import { HighestSeen } from './monotonic.ts';

const steps: readonly [what: string, storeId: string, jobs: number, shown: number, fell: boolean][] = [
  ['the first value', 'a', 10, 10, false],
  ['the same again', 'a', 10, 10, false],
  ['it rises', 'a', 12, 12, false],
  ['it falls', 'a', 0, 12, true],
  ['it is still below what was seen', 'a', 11, 12, true],
  ['it is where it was', 'a', 12, 12, false],
  ['it rises on', 'a', 13, 13, false],
  ['another store begins at zero', 'b', 0, 0, false],
  ['and rises', 'b', 2, 2, false],
  ['and falls', 'b', 1, 2, true],
];

test('a counter never falls, and is told to have fallen until it is where it was, or the store is another', () => {
  const highest = new HighestSeen();
  const played = steps.map(([what, storeId, jobs]) => {
    const { exact, fell } = highest.raise(storeId, [['queues', { counters: { jobs } }]]);
    return [what, storeId, jobs, exact[0]?.counters?.['jobs'], fell];
  });
  expect(played).toEqual(steps);
});

test('one counter of one label that fell is enough; gauges may fall', () => {
  const highest = new HighestSeen();
  const read = (inbound: number, outbound: number, active: number): boolean =>
    highest.raise('a', [
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

test('two sources may have counters of one name', () => {
  const highest = new HighestSeen();
  highest.raise('a', [
    ['one', { counters: { jobs: 10 } }],
    ['two', { counters: { jobs: 1 } }],
  ]);
  const { exact, fell } = highest.raise('a', [
    ['two', { counters: { jobs: 1 } }],
    ['one', { counters: { jobs: 10 } }],
  ]);
  expect([exact.map(({ counters }) => counters), fell]).toEqual([[{ jobs: 1 }, { jobs: 10 }], false]);
});
