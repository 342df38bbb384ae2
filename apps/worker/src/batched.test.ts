import { expect, test } from 'vitest';
import { batched } from './batched.ts';

/** Carries out batches when told to, and remembers them. */
function carrier(refuse: (item: number) => boolean = () => false): {
  batches: (readonly number[])[];
  release: () => void;
  carryOut: (items: readonly number[]) => Promise<number[]>;
} {
  const batches: (readonly number[])[] = [];
  const held: (() => void)[] = [];
  return {
    batches,
    release: () => {
      for (const go of held.splice(0)) go();
    },
    carryOut: async (items) => {
      batches.push(items);
      await new Promise<void>((resolve) => held.push(resolve));
      if (items.some(refuse)) throw new Error(`refused ${items.join()}`);
      return items.map((item) => item * 10);
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the first goes at once, those that come meanwhile go together, and each has its own outcome', async () => {
  const { batches, release, carryOut } = carrier();
  const run = batched(carryOut, 3);
  const outcomes = Promise.all([1, 2, 3, 4, 5, 6, 7].map((item) => run(item)));
  expect(batches).toEqual([[1]]);
  for (let round = 0; round < 3; round++) {
    release();
    await turn();
  }
  expect(batches).toEqual([[1], [2, 3, 4], [5, 6, 7]]);
  expect(await outcomes).toEqual([10, 20, 30, 40, 50, 60, 70]);
});

test('a batch that waits for somebody does not hold up the next one', async () => {
  const { batches, release, carryOut } = carrier();
  const run = batched(carryOut);
  const outcomes = Promise.all([1, 2, 3].map((item) => run(item)));
  await expect.poll(() => batches).toEqual([[1], [2, 3]]);
  release();
  expect(await outcomes).toEqual([10, 20, 30]);
});

test('of a batch that fails only those fail whose fault it is', async () => {
  const { release, carryOut } = carrier((item) => item === 4);
  const run = batched(carryOut);
  const outcomes = Promise.allSettled([1, 2, 3, 4, 5].map((item) => run(item)));
  for (let round = 0; round < 4; round++) {
    release();
    await turn();
  }
  expect((await outcomes).map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
  ]);
});
