import { expect, test } from 'vitest';
import { batchCalls } from './batch-calls.ts';

/** Records batches, and completes those in progress at each `release`. */
function controlledRunner(refuse: (item: number) => boolean = () => false): {
  batches: (readonly number[])[];
  release: () => void;
  runBatch: (items: readonly number[]) => Promise<number[]>;
} {
  const batches: (readonly number[])[] = [];
  const held: (() => void)[] = [];
  return {
    batches,
    release: () => {
      for (const go of held.splice(0)) go();
    },
    runBatch: async (items) => {
      batches.push(items);
      await new Promise<void>((resolve) => held.push(resolve));
      if (items.some(refuse)) throw new Error(`refused ${items.join()}`);
      return items.map((item) => item * 10);
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('runs the first call at once, batches those that arrive meanwhile, and resolves each with its own result', async () => {
  const { batches, release, runBatch } = controlledRunner();
  const run = batchCalls(runBatch, 3);
  const outcomes = Promise.all([1, 2, 3, 4, 5, 6, 7].map((item) => run(item)));
  expect(batches).toEqual([[1]]);
  for (let round = 0; round < 3; round++) {
    release();
    await turn();
  }
  expect(batches).toEqual([[1], [2, 3, 4], [5, 6, 7]]);
  expect(await outcomes).toEqual([10, 20, 30, 40, 50, 60, 70]);
});

test('a slow batch does not hold up the next one', async () => {
  const { batches, release, runBatch } = controlledRunner();
  const run = batchCalls(runBatch);
  const outcomes = Promise.all([1, 2, 3].map((item) => run(item)));
  await expect.poll(() => batches).toEqual([[1], [2, 3]]);
  release();
  expect(await outcomes).toEqual([10, 20, 30]);
});

test('only the faulty call of a failed batch fails', async () => {
  const { release, runBatch } = controlledRunner((item) => item === 4);
  const run = batchCalls(runBatch);
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
