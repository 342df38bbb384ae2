import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Replica, SOON, Stack } from './harness.ts';

let stack: Stack;
let replica: Replica;
/** The client's query for the devices of this contact is not answered until `release` is called. */
let silent: string | undefined;
let release: () => void;
let queries = 0;

beforeAll(async () => {
  stack = await Stack.start();
  const answer = new Promise<void>((resolve) => {
    release = resolve;
  });
  const cache = new Map<string, unknown>();
  const makeDeviceCache = () => ({
    get: async <T>(user: string): Promise<T> => {
      if (user === silent) {
        queries += 1;
        await answer;
      }
      return cache.get(user) as T;
    },
    set: (user: string, devices: unknown) => void cache.set(user, devices),
    del: (user: string) => void cache.delete(user),
    flushAll: () => cache.clear(),
  });
  replica = await stack.replica({ client: { makeDeviceCache } });
  await stack.pair(replica, 'shop');
});
afterAll(() => stack[Symbol.asyncDispose]());

test('a send is not held up by an unanswered device query for another contact', async () => {
  const [first, second] = [stack.whatsapp.addPhone(), stack.whatsapp.addPhone()];
  silent = first.number;
  const waiting = replica.send({ session: 'shop', chatId: first.number, text: 'to the silent one' });
  await expect.poll(() => queries, SOON).toBe(1);
  const { status } = await replica.send({ session: 'shop', chatId: second.number, text: 'to another' });
  expect(status).toBe(200);
  await second.waitForCount(1);
  release();
  expect((await waiting).status).toBe(200);
  await first.waitForCount(1);
});
