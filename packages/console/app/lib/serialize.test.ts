import { expect, test } from 'vitest';
import { serialize } from './serialize.ts';

test('calls during a run cause one more run', async () => {
  const ends: (() => void)[] = [];
  const start = serialize(async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.push(resolve);
    await promise;
  });
  const settle = async (): Promise<void> => {
    ends.at(-1)!();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  start();
  start();
  start();
  expect(ends).toHaveLength(1);
  await settle();
  expect(ends).toHaveLength(2);
  await settle();
  expect(ends).toHaveLength(2);
  start();
  expect(ends).toHaveLength(3);
});
