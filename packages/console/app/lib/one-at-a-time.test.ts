import { expect, test } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

test('what is asked for while it runs is done once more, however often it was asked for', async () => {
  const ends: (() => void)[] = [];
  const ask = oneAtATime(async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.push(resolve);
    await promise;
  });
  const settle = async (): Promise<void> => {
    ends.at(-1)!();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  ask();
  ask();
  ask();
  expect(ends).toHaveLength(1);
  await settle();
  expect(ends).toHaveLength(2);
  await settle();
  expect(ends).toHaveLength(2);
  ask();
  expect(ends).toHaveLength(3);
});
