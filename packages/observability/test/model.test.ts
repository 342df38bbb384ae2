import { type RedisServer, startRedis } from '@prosaas/devstack';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clockedRedis } from './model/clocked-redis.ts';
import { PairedStore } from './model/paired-store.ts';
import { type Move, moves, play } from './model/play.ts';

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis?.disconnect();
  await server?.[Symbol.asyncDispose]();
});

test(
  'the protocol keeps its promises in any order of events and failures',
  { timeout: 120_000 },
  async () => {
    const anyOrder = fc.asyncProperty(moves, (sequence) => play(sequence, new PairedStore()));
    await expect(fc.assert(anyOrder, { numRuns: 10_000 })).resolves.toBeUndefined();
  },
);

test('a reader notices a process that was lost in a roll-back, although another one came and left meanwhile', async () => {
  const lost: Move = {
    do: 'lose',
    steps: [
      { do: 'publish', who: 1 },
      { do: 'read', reader: 0 },
      { do: 'count', who: 1, n: 1 },
    ],
  };
  const sequence: Move[] = [
    lost,
    { do: 'leave', who: 0 },
    { do: 'work', seconds: 13, silent: 1, counts: false },
  ];
  await expect(play(sequence, new PairedStore())).resolves.toBeUndefined();
});

test(
  'the Lua scripts on a real Redis always agree with the reference store',
  { timeout: 120_000 },
  async () => {
    let run = 0;
    const anyOrder = fc.asyncProperty(moves, (sequence) => {
      const tag = `{model${++run}}`;
      return play(sequence, new PairedStore(clockedRedis(redis, tag), tag));
    });
    await expect(fc.assert(anyOrder, { numRuns: 150 })).resolves.toBeUndefined();
  },
);
