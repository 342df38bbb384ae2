import { type RedisServer, startRedis } from '@prosaas/devstack';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeBlob, schemaOf } from './blob.ts';
import { formatColumn } from './column.ts';
import { type Snapshot, SnapshotReader } from './snapshot.ts';
import { ReferenceStore } from './reference-store.ts';
import { MAX_RECENTLY_FOLDED, type PublishRequest, redisStore, storeKeys } from './store.ts';

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
  schemaOf([formatColumn({ kind: 'c', name: 'jobs', labels: {} })]),
  schemaOf([
    formatColumn({ kind: 'g', name: 'active', labels: {}, aggregate: 'sum' }),
    formatColumn({ kind: 'c', name: 'jobs', labels: {} }),
    formatColumn({ kind: 'h', name: 'seconds', labels: { kind: 'a' }, buckets: [1, 2], part: 3 }),
  ]),
];
const EPOCHS = ['a|a:1|x', 'b|b:1|x', 'b|b:2|x'];

type Step =
  | {
      do: 'publish';
      epoch: number;
      schema: number;
      seq: number;
      lease: number;
      register: boolean;
      text: boolean;
      known: 0 | 1 | 2;
      values: number[];
    }
  | { do: 'fold'; mode: 'own' | 'lapsed'; epochs: number[]; lease: number };

const publishing: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('publish' as const),
  epoch: fc.nat(2),
  schema: fc.nat(1),
  seq: fc.nat(6),
  // The first lapses by the next millisecond, the second does not lapse during the test.
  lease: fc.constantFrom(1, 1_000_000),
  register: fc.boolean(),
  text: fc.boolean(),
  known: fc.constantFrom(0, 1, 2),
  // Large numbers and fractions, which tostring() of Lua would round.
  values: fc.array(fc.constantFrom(0, 1, 0.1, 123_456_789_012_345, 2 ** 52 + 1), {
    minLength: 3,
    maxLength: 3,
  }),
});
const folding: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('fold' as const),
  mode: fc.constantFrom('own', 'lapsed'),
  epochs: fc.uniqueArray(fc.nat(2), { minLength: 1 }),
  lease: fc.constantFrom(1, 1_000_000),
});

test('the Lua scripts and the reference store agree on any sequence of calls', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 3, arbitrary: publishing }, { weight: 2, arbitrary: folding }), {
        maxLength: 25,
      }),
      async (steps) => {
        const prefix = `{reference}:${++run}`;
        const lua = redisStore(redis, prefix);
        const reference = new ReferenceStore();
        // The ids of stores are random, so only the first one of each side is compared.
        let luaId = '';
        let referenceId = '';
        for (const step of steps) {
          if (step.do === 'fold') {
            const request = {
              mode: step.mode,
              leaseMs: step.lease,
              epochs: step.epochs.map((epoch) => EPOCHS[epoch]!),
            };
            const reply = await lua.fold(request);
            reference.now = reply.now;
            expectEqual(reply, reference.fold(request));
            continue;
          }
          const schema = SCHEMAS[step.schema]!;
          const values = Float64Array.from(step.values.slice(0, schema.columns.length));
          const request = (id: string): PublishRequest => ({
            epoch: EPOCHS[step.epoch]!,
            blob: encodeBlob({ schema: schema.hash, seq: step.seq, leaseMs: step.lease, values }),
            register: step.register,
            schemaText: step.text ? schema.text : undefined,
            knownStore: ['', id, 'another'][step.known]!,
            knownTime: 0,
            elapsedMs: 0,
            knownFolds: 0,
          });
          const { storeId, ...reply } = await lua.publish(request(luaId));
          reference.now = reply.now;
          const { storeId: expectedId, ...expected } = reference.publish(request(referenceId));
          expectEqual(reply, expected);
          luaId ||= storeId;
          referenceId ||= expectedId;
          expectEqual(storeId === luaId, expectedId === referenceId);
        }
        const snapshot = await new SnapshotReader(redis, storeKeys(prefix)).read();
        if (!snapshot) return;
        expectEqual(comparable(snapshot), comparable(reference.snapshot()));
        expect(await redis.hlen(storeKeys(prefix).schemas)).toBe(reference.schemas);
      },
    ),
    { numRuns: 150 },
  );
});

/** Without ids, which are random, and without the time of the first call. Members come in any order. */
function comparable({ members, publishedAt, folds, recentlyFolded, retired, unreadable }: Snapshot): object {
  return {
    members: members.toSorted((a, b) => (a.epoch < b.epoch ? -1 : 1)),
    publishedAt,
    folds,
    recentlyFolded,
    retired,
    unreadable,
  };
}

function expectEqual(actual: unknown, expected: unknown): void {
  expect(actual).toEqual(expected);
}

test('snapshots list the epochs that were folded last', async () => {
  const store = redisStore(redis, '{left}');
  const reference = new ReferenceStore();
  const schema = SCHEMAS[0]!;
  const epochs = Array.from({ length: MAX_RECENTLY_FOLDED + 8 }, (_, i) => `a|a:${i}|x`);
  for (const epoch of epochs) {
    const request: PublishRequest = {
      epoch,
      blob: encodeBlob({ schema: schema.hash, seq: 1, leaseMs: 10_000, values: Float64Array.of(1) }),
      register: true,
      schemaText: schema.text,
      knownStore: '',
      knownTime: 0,
      elapsedMs: 0,
      knownFolds: 0,
    };
    await store.publish(request);
    reference.publish(request);
  }
  for (const some of [epochs.slice(0, 10), epochs.slice(10)]) {
    const request = { mode: 'own', leaseMs: 10_000, epochs: some } as const;
    await store.fold(request);
    reference.fold(request);
  }
  const snapshot = await new SnapshotReader(redis, storeKeys('{left}')).read();
  expect(snapshot?.recentlyFolded).toEqual(epochs.slice(-MAX_RECENTLY_FOLDED));
  expect(reference.snapshot().recentlyFolded).toEqual(snapshot?.recentlyFolded);
});

test('an old copy of the data that lost folded counts begins a new store', async () => {
  const store = redisStore(redis, '{old}');
  const schema = SCHEMAS[0]!;
  const request = (known: string, knownTime: number, knownFolds: number): PublishRequest => ({
    epoch: 'a|a:1|x',
    blob: encodeBlob({ schema: schema.hash, seq: 1, leaseMs: 10_000, values: Float64Array.of(1) }),
    register: true,
    schemaText: schema.text,
    knownStore: known,
    knownTime,
    elapsedMs: 0,
    knownFolds,
  });
  const first = await store.publish(request('', 0, 0));
  const minutesLater = first.now + 300_000;
  // Nothing was folded since, so the publishers still have all counts.
  expect(await store.publish(request(first.storeId, minutesLater, 0))).toMatchObject({
    status: 'late',
    storeId: first.storeId,
  });
  const reply = await store.publish(request(first.storeId, minutesLater, 2));
  expect(reply).toMatchObject({ status: 'unknown', folds: 0 });
  expect(reply.storeId).not.toBe(first.storeId);
});

test('unreadable values are not counted, and are removed in the end', async () => {
  const keys = storeKeys('{strange}');
  const store = redisStore(redis, '{strange}');
  await store.fold({ mode: 'lapsed', leaseMs: 10_000, epochs: [] });
  await redis.zadd(keys.leases, 5, 's|s:1|x', Date.now() - 1000, 't|t:1|x');
  await redis.hset(keys.blobs, 's|s:1|x', 'rubbish', 't|t:1|x', 'rubbish');
  const epochs = ['s|s:1|x', 't|t:1|x'];
  expect(await store.fold({ mode: 'lapsed', leaseMs: 10_000, epochs })).toMatchObject({
    folded: [],
    unreadable: epochs,
  });
  expect(await redis.zrange(keys.leases, '0', '-1')).toEqual(['t|t:1|x']);
  expect(await new SnapshotReader(redis, keys).read()).toMatchObject({
    members: [],
    unreadable: ['t|t:1|x'],
  });
});
