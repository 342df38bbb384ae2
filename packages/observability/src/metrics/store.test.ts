import { type RedisServer, startRedis } from '@prosaas/devstack';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeBlob, schemaOf } from './blob.ts';
import { slotKey } from './slot.ts';
import { type Snapshot, SnapshotReader } from './snapshot.ts';
import { StoreTwin } from './store-twin.ts';
import { MAX_LEFT, type PublishRequest, redisStore, storeKeys } from './store.ts';

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

const SCHEMAS = [
  schemaOf([slotKey({ kind: 'c', name: 'jobs', labels: {} })]),
  schemaOf([
    slotKey({ kind: 'g', name: 'active', labels: {}, aggregate: 'sum' }),
    slotKey({ kind: 'c', name: 'jobs', labels: {} }),
    slotKey({ kind: 'h', name: 'seconds', labels: { kind: 'a' }, buckets: [1, 2], part: 3 }),
  ]),
];
const BOOTS = ['a|a:1|x', 'b|b:1|x', 'b|b:2|x'];

type Step =
  | {
      do: 'publish';
      boot: number;
      schema: number;
      seq: number;
      lease: number;
      register: boolean;
      text: boolean;
      known: 0 | 1 | 2;
      values: number[];
    }
  | { do: 'fold'; mode: 'own' | 'lapsed'; boots: number[]; lease: number };

const publishing: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('publish' as const),
  boot: fc.nat(2),
  schema: fc.nat(1),
  seq: fc.nat(6),
  // One that has lapsed by the next millisecond, and one that does not lapse during the test.
  lease: fc.constantFrom(1, 1_000_000),
  register: fc.boolean(),
  text: fc.boolean(),
  known: fc.constantFrom(0, 1, 2),
  // Large, and with a fraction: what a Lua that uses tostring() would round.
  values: fc.array(fc.constantFrom(0, 1, 0.1, 123_456_789_012_345, 2 ** 52 + 1), {
    minLength: 3,
    maxLength: 3,
  }),
});
const folding: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('fold' as const),
  mode: fc.constantFrom('own', 'lapsed'),
  boots: fc.uniqueArray(fc.nat(2), { minLength: 1 }),
  lease: fc.constantFrom(1, 1_000_000),
});

test('the Lua scripts and their TypeScript twin agree on any sequence of calls', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 3, arbitrary: publishing }, { weight: 2, arbitrary: folding }), {
        maxLength: 25,
      }),
      async (steps) => {
        const prefix = `{twin}:${++run}`;
        const lua = redisStore(redis, prefix);
        const twin = new StoreTwin();
        // The stores' ids are random: they are compared by where they were seen first.
        let luaId = '';
        let twinId = '';
        for (const step of steps) {
          if (step.do === 'fold') {
            const request = {
              mode: step.mode,
              leaseMs: step.lease,
              boots: step.boots.map((boot) => BOOTS[boot]!),
            };
            const answer = await lua.fold(request);
            twin.now = answer.now;
            same(answer, twin.fold(request));
            continue;
          }
          const schema = SCHEMAS[step.schema]!;
          const values = Float64Array.from(step.values.slice(0, schema.slots.length));
          const request = (id: string): PublishRequest => ({
            boot: BOOTS[step.boot]!,
            blob: encodeBlob({ schema: schema.hash, seq: step.seq, leaseMs: step.lease, values }),
            register: step.register,
            schemaText: step.text ? schema.text : undefined,
            knownStore: ['', id, 'another'][step.known]!,
            seenAt: 0,
            elapsedMs: 0,
            seenFolds: 0,
          });
          const { storeId, ...answer } = await lua.publish(request(luaId));
          twin.now = answer.now;
          const { storeId: expectedId, ...expected } = twin.publish(request(twinId));
          same(answer, expected);
          luaId ||= storeId;
          twinId ||= expectedId;
          same(storeId === luaId, expectedId === twinId);
        }
        const snapshot = await new SnapshotReader(redis, storeKeys(prefix)).read();
        if (!snapshot) return;
        same(comparable(snapshot), comparable(twin.snapshot()));
        expect(await redis.hlen(storeKeys(prefix).schemas)).toBe(twin.schemas);
      },
    ),
    { numRuns: 150 },
  );
});

/** The ids are random, the clocks of the first call may differ, and members come in any order. */
function comparable({ members, publishedAt, folds, left, retired, unreadable }: Snapshot): object {
  return {
    members: members.toSorted((a, b) => (a.boot < b.boot ? -1 : 1)),
    publishedAt,
    folds,
    left,
    retired,
    unreadable,
  };
}

function same(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected);
}

test('readers are told who was folded last', async () => {
  const store = redisStore(redis, '{left}');
  const twin = new StoreTwin();
  const schema = SCHEMAS[0]!;
  const boots = Array.from({ length: MAX_LEFT + 8 }, (_, i) => `a|a:${i}|x`);
  for (const boot of boots) {
    const word: PublishRequest = {
      boot,
      blob: encodeBlob({ schema: schema.hash, seq: 1, leaseMs: 10_000, values: Float64Array.of(1) }),
      register: true,
      schemaText: schema.text,
      knownStore: '',
      seenAt: 0,
      elapsedMs: 0,
      seenFolds: 0,
    };
    await store.publish(word);
    twin.publish(word);
  }
  for (const some of [boots.slice(0, 10), boots.slice(10)]) {
    const request = { mode: 'own', leaseMs: 10_000, boots: some } as const;
    await store.fold(request);
    twin.fold(request);
  }
  const snapshot = await new SnapshotReader(redis, storeKeys('{left}')).read();
  expect(snapshot?.left).toEqual(boots.slice(-MAX_LEFT));
  expect(twin.snapshot().left).toEqual(snapshot?.left);
});

test('an old copy of Redis, folded counts lost, is another store', async () => {
  const store = redisStore(redis, '{old}');
  const schema = SCHEMAS[0]!;
  const word = (known: string, seenAt: number, seenFolds: number): PublishRequest => ({
    boot: 'a|a:1|x',
    blob: encodeBlob({ schema: schema.hash, seq: 1, leaseMs: 10_000, values: Float64Array.of(1) }),
    register: true,
    schemaText: schema.text,
    knownStore: known,
    seenAt,
    elapsedMs: 0,
    seenFolds,
  });
  const first = await store.publish(word('', 0, 0));
  const minutesLater = first.now + 300_000;
  // Nothing was folded since: everyone who counts still has all of it.
  expect(await store.publish(word(first.storeId, minutesLater, 0))).toMatchObject({
    status: 'late',
    storeId: first.storeId,
  });
  const answer = await store.publish(word(first.storeId, minutesLater, 2));
  expect(answer).toMatchObject({ status: 'unknown', folds: 0 });
  expect(answer.storeId).not.toBe(first.storeId);
});

test('what a stranger wrote is neither added nor in the way, and leaves in the end', async () => {
  const keys = storeKeys('{strange}');
  const store = redisStore(redis, '{strange}');
  await store.fold({ mode: 'lapsed', leaseMs: 10_000, boots: [] });
  await redis.zadd(keys.leases, 5, 's|s:1|x', Date.now() - 1000, 't|t:1|x');
  await redis.hset(keys.blobs, 's|s:1|x', 'rubbish', 't|t:1|x', 'rubbish');
  const boots = ['s|s:1|x', 't|t:1|x'];
  expect(await store.fold({ mode: 'lapsed', leaseMs: 10_000, boots })).toMatchObject({
    folded: [],
    unreadable: boots,
  });
  expect(await redis.zrange(keys.leases, '0', '-1')).toEqual(['t|t:1|x']);
  expect(await new SnapshotReader(redis, keys).read()).toMatchObject({
    members: [],
    unreadable: ['t|t:1|x'],
  });
});
