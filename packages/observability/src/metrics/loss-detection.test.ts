import { expect, test } from 'vitest';
import { member, NOW, snapshot } from '../testing/snapshots.ts';
import { INITIAL_LOSS_STATE, isComplete, updateLossState } from './loss-detection.ts';

test.each([
  ['everyone has just published', snapshot([member('a')]), true],
  ['nobody publishes', snapshot([]), true],
  ['one has not published for 3 s', snapshot([member('a'), member('b', { publishedAt: NOW - 3000 })]), false],
  [
    'one has lapsed and is not folded',
    snapshot([member('a', { publishedAt: NOW - 11_000, leaseEnds: NOW - 1000 })]),
    false,
  ],
  ['one cannot be read', snapshot([member('a')], { unreadable: ['b'] }), false],
  ['the store is new', snapshot([member('a')], { since: NOW - 100 }), false],
])('when %s, whether a reading is complete', (_case, view, complete) => {
  expect(isComplete(updateLossState(INITIAL_LOSS_STATE, view), view)).toBe(complete);
});

test.each([
  [
    'the time of the last publish went back',
    snapshot([member('a'), member('b')], { publishedAt: NOW - 600 }),
  ],
  ['the number of folds went back', snapshot([member('a'), member('b')], { folds: 2 })],
  ['a sequence number went back', snapshot([member('a'), member('b', { seq: 4 })])],
  ['one is gone that was not folded', snapshot([member('a')])],
  [
    'one is gone and a different one was folded',
    snapshot([member('a')], { folds: 4, recentlyFolded: ['s|z|0'] }),
  ],
  ['the store is another one', snapshot([member('a'), member('b')], { storeId: 'b' })],
])('when %s, no reading is complete until everyone has published again', (_case, lost) => {
  const before = snapshot([member('a'), member('b')]);
  let state = updateLossState(updateLossState(INITIAL_LOSS_STATE, before), lost);
  expect(isComplete(state, lost)).toBe(false);

  const published = { publishedAt: NOW + 200, leaseEnds: NOW + 10_200, seq: 6 };
  const half = {
    ...lost,
    now: NOW + 300,
    publishedAt: NOW + 200,
    members: [member('a', published), member('b')],
  };
  state = updateLossState(state, half);
  expect(isComplete(state, half)).toBe(false);

  const all = { ...half, now: NOW + 400, members: [member('a', published), member('b', published)] };
  state = updateLossState(state, all);
  expect(isComplete(state, all)).toBe(false);

  // By now also processes that this reader never saw had time to come back.
  const again = { publishedAt: NOW + 3000, leaseEnds: NOW + 13_000, seq: 7 };
  const later = { ...all, now: NOW + 3100, publishedAt: NOW + 3000 };
  const settled = { ...later, members: [member('a', again), member('b', again)] };
  state = updateLossState(state, settled);
  expect(isComplete(state, settled)).toBe(true);
});

test.each([
  ['it is among the recently folded', { folds: 4, recentlyFolded: ['s|b|0'] }],
  [
    'it may be one of more folds than are listed',
    { folds: 3 + 34, recentlyFolded: Array.from({ length: 32 }, (_, i) => `z${i}`) },
  ],
  ['an older version that lists none folded it', { folds: 4 }],
])('a reading is complete when one is gone that was folded: %s', (_case, folded) => {
  const before = snapshot([member('a'), member('b')]);
  const after = snapshot([member('a')], folded);
  expect(isComplete(updateLossState(updateLossState(INITIAL_LOSS_STATE, before), after), after)).toBe(true);
});

test('readers stop waiting for a process that does not come back', () => {
  const lost = snapshot([member('a')], { storeId: 'b' });
  let state = updateLossState(
    updateLossState(INITIAL_LOSS_STATE, snapshot([member('a'), member('b')])),
    lost,
  );
  const later = NOW + 10_100;
  const published = snapshot([member('a', { publishedAt: later, leaseEnds: later + 10_000 })], {
    storeId: 'b',
    now: later,
    publishedAt: later,
  });
  state = updateLossState(state, published);
  expect(isComplete(state, published)).toBe(true);
});
