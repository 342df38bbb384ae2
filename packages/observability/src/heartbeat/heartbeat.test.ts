import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import type { Consumer, Proof } from './consumer.ts';
import { startHeartbeat } from './heartbeat.ts';
import { readHeartbeats } from './read-heartbeats.ts';
import { redisForEach } from './test-redis.ts';

const KEY = 'worker:heartbeat';

const on = redisForEach();

interface Line {
  fields: { consumers?: { queue: string; why: string }[] };
  message: string;
}

function startReplica(
  instance: string,
  consumers: Consumer[],
  everySeconds = 30,
): { lines: Line[]; beat: AsyncDisposable } {
  const lines: Line[] = [];
  const log = (fields: object, message: string): void => void lines.push({ fields, message });
  const replica = { instance, host: 'host', pid: 7, startedAt: new Date(1_700_000_000_000) };
  const beat = startHeartbeat({
    redis: on.redis,
    key: KEY,
    replica,
    everySeconds,
    consumers,
    log: { info: log, warn: log },
  });
  return { lines, beat };
}

/** One whose proof is what it is told to say. */
function consumerProving(prove: () => Proof): Consumer {
  return {
    queue: 'jobs',
    lastJobAt: performance.now(),
    ready: async () => undefined,
    prove,
    [Symbol.dispose]: () => undefined,
  };
}

const consumerBeginning = (begun: Promise<void>): Consumer => ({
  ...consumerProving(() => ({ ok: true, by: 'fetch' })),
  ready: () => begun,
});
const never = new Promise<void>(() => undefined);

const age = async (): Promise<number | null> =>
  (await readHeartbeats({ redis: on.redis, key: KEY })).beat_age_seconds;

test('the heartbeat is the time of the last beat in seconds, and expires after 90 s', async () => {
  const { beat } = startReplica('worker:h:1', [consumerProving(() => ({ ok: true, by: 'job' }))]);
  on.cleanup.use(beat);
  const text = await poll(() => on.redis.get(KEY));
  expect(text).toMatch(/^\d{10}$/);
  const [seconds] = await on.redis.time();
  expect(Number(seconds) - Number(text)).toBeLessThan(5);
  expect(await on.redis.ttl(KEY)).toBeGreaterThan(80);
  expect(await on.redis.ttl(KEY)).toBeLessThanOrEqual(90);
});

test('each replica says who it is beside the shared key, and takes that away when it leaves', async () => {
  const { beat } = startReplica('worker:h:1', [consumerProving(() => ({ ok: true, by: 'job' }))]);
  const text = await poll(() => on.redis.get(`${KEY}:worker:h:1`));
  const [now] = await on.redis.time();
  expect(JSON.parse(text)).toEqual({
    instance: 'worker:h:1',
    host: 'host',
    pid: 7,
    started_at: 1_700_000_000,
    beat_at: expect.any(Number),
    last_job_at: expect.closeTo(Number(now), -1),
    queues: { jobs: 'job' },
    clock_ahead_seconds: 0,
  });
  await poll(async () => (await readHeartbeats({ redis: on.redis, key: KEY })).replicas.length === 1);
  await beat[Symbol.asyncDispose]();
  expect(await on.redis.exists(`${KEY}:worker:h:1`)).toBe(0);
  expect((await readHeartbeats({ redis: on.redis, key: KEY, expected: 1 })).replicas).toEqual([]);
});

test('a replica that died is lost, and after an hour forgotten', async () => {
  on.cleanup.use(startReplica('worker:h:1', [consumerProving(() => ({ ok: true, by: 'fetch' }))]).beat);
  await poll(async () => (await readHeartbeats({ redis: on.redis, key: KEY })).replicas.length === 1);
  const now = Date.now() / 1000;
  const at = async (later: number) =>
    readHeartbeats({ redis: on.redis, key: KEY, expected: 2, now: now + later });
  expect(await at(0)).toMatchObject({ missing: 1, replicas: [{ state: 'live', instance: 'worker:h:1' }] });
  expect(await at(100)).toMatchObject({ missing: 2, replicas: [{ state: 'lost' }] });
  expect(await at(3700)).toMatchObject({ missing: 2, replicas: [] });
});

test('live, lost, left and never seen are told apart', async () => {
  const proof = (): Proof => ({ ok: true, by: 'job' });
  on.cleanup.use(startReplica('worker:h:live', [consumerProving(proof)]).beat);
  on.cleanup.use(startReplica('worker:h:lost', [consumerProving(proof)]).beat);
  const leaving = startReplica('worker:h:left', [consumerProving(proof)]).beat;
  const read = (): ReturnType<typeof readHeartbeats> =>
    readHeartbeats({ redis: on.redis, key: KEY, expected: 5 });
  await poll(async () => (await read()).replicas.length === 3);
  await leaving[Symbol.asyncDispose]();
  const own = `${KEY}:worker:h:lost`;
  const beat = JSON.parse((await on.redis.get(own))!) as { beat_at: number };
  await on.redis.set(own, JSON.stringify({ ...beat, beat_at: beat.beat_at - 100 }), 'KEEPTTL');
  expect(await read()).toMatchObject({
    replicas: expect.arrayContaining([
      expect.objectContaining({ instance: 'worker:h:live', state: 'live' }),
      expect.objectContaining({ instance: 'worker:h:lost', state: 'lost' }),
    ]) as unknown,
    left: [{ instance: 'worker:h:left', age_seconds: expect.any(Number) as unknown }],
    missing: 4,
    never_seen: 2,
  });
  expect(await on.redis.ttl(`${KEY}:left`)).toBeGreaterThan(3000);
});

test('what is no beat is skipped', async () => {
  await on.redis.set(KEY, 'nonsense');
  for (const [instance, text] of [
    ['a', '{"instance":1}'],
    ['b', 'nonsense'],
    ['c', 'null'],
  ] as const) {
    await on.redis.set(`${KEY}:${instance}`, text);
    await on.redis.zadd(`${KEY}:replicas`, 1, instance);
  }
  expect(await readHeartbeats({ redis: on.redis, key: KEY })).toMatchObject({
    beat_age_seconds: null,
    replicas: [],
  });
});

test('a replica that left while Redis was frozen does not come back as lost', async () => {
  const { beat, lines } = startReplica(
    'worker:h:1',
    [consumerProving(() => ({ ok: true, by: 'job' }))],
    0.05,
  );
  await poll(async () => (await readHeartbeats({ redis: on.redis, key: KEY })).replicas.length === 1);
  on.server.freeze();
  await poll(() => lines.some(({ message }) => message === 'no heartbeat: Redis does not take it'));
  expect(lines[0]?.fields).toEqual({ error: expect.any(String) });
  const left = beat[Symbol.asyncDispose]();
  await left;
  on.server.thaw();
  // What was under way is answered before this is.
  await on.redis.ping();
  await on.redis.ping();
  expect((await readHeartbeats({ redis: on.redis, key: KEY })).replicas).toEqual([]);
  expect(await on.redis.exists(`${KEY}:worker:h:1`)).toBe(0);
});

test('a first beat that does not come is told, with the consumers that it waits for', async () => {
  const { beat, lines } = startReplica('worker:h:1', [consumerBeginning(never)], 0.05);
  on.cleanup.use(beat);
  await poll(() => lines.length > 0);
  expect(lines[0]).toEqual({
    fields: { consumers: ['jobs'] },
    message: 'no heartbeat yet: these consumers have not begun to work',
  });
  expect(await age()).toBeNull();
});

test('a replica whose consumer never begins says so in its record, and is no live one', async () => {
  const begun = Promise.withResolvers<void>();
  const { beat } = startReplica('worker:h:1', [consumerBeginning(begun.promise)], 0.05);
  on.cleanup.use(beat);
  const read = (): ReturnType<typeof readHeartbeats> =>
    readHeartbeats({ redis: on.redis, key: KEY, expected: 1 });
  await poll(async () => (await read()).replicas.length > 0);
  expect(await read()).toMatchObject({
    beat_age_seconds: null,
    replicas: [
      {
        instance: 'worker:h:1',
        state: 'never_beat',
        beat_at: null,
        age_seconds: null,
        queues: {},
        failing: { jobs: 'it has not begun to work' },
      },
    ],
    missing: 1,
    never_seen: 0,
  });
  expect(await on.redis.exists(KEY)).toBe(0);
  expect(await on.redis.ttl(`${KEY}:worker:h:1`)).toBeLessThanOrEqual(90);
  begun.resolve();
  const [live] = await poll(async () => {
    const { replicas } = await read();
    return replicas[0]?.state === 'live' && replicas;
  });
  expect(live?.failing).toBeUndefined();
});

test.each([
  ['never begins', consumerBeginning(never)],
  ['never works', consumerProving(() => ({ ok: false, why: 'it sleeps' }))],
])('a replica whose consumer %s leaves nothing behind', async (_what, consumer) => {
  const { beat } = startReplica('worker:h:1', [consumer], 0.05);
  await poll(() => on.redis.exists(`${KEY}:worker:h:1`));
  await beat[Symbol.asyncDispose]();
  expect(await on.redis.keys('*')).toEqual([]);
});

test('a consumer whose proof throws proves nothing', async () => {
  const { beat, lines } = startReplica('worker:h:1', [
    consumerProving(() => {
      throw new Error('broken');
    }),
  ]);
  on.cleanup.use(beat);
  await poll(() => lines.length > 0);
  expect(lines[0]?.fields.consumers).toEqual([{ queue: 'jobs', why: 'its proof failed: Error: broken' }]);
});

test.each([
  ['a pause that a beat does not outlast', 'worker:h:1', 31],
  ['no pause', 'worker:h:1', 0],
  ['the name of one of its own keys', 'replicas', 30],
])('%s is refused', (_what, instance, everySeconds) => {
  expect(() => startReplica(instance, [], everySeconds)).toThrow(/everySeconds|no name for a replica/);
});

test('a beat that is not earned is not written, and the log says which consumer and why', async () => {
  let proof: Proof = { ok: false, why: 'it sleeps' };
  const { beat, lines } = startReplica('worker:h:1', [consumerProving(() => proof)], 0.05);
  on.cleanup.use(beat);
  await poll(() => lines.length > 0);
  expect(lines[0]).toEqual({
    fields: { consumers: [{ queue: 'jobs', why: 'it sleeps' }] },
    message: 'no heartbeat: not every consumer works',
  });
  expect(await age()).toBeNull();
  proof = { ok: true, by: 'busy' };
  await poll(() => lines.length > 1);
  expect(await age()).not.toBeNull();
  expect(lines.map(({ message }) => message)).toEqual([
    'no heartbeat: not every consumer works',
    'the heartbeat is written again',
  ]);
});

test('beats that stay away are one line, whichever consumers are why', async () => {
  let busy = 'one';
  const failing = (queue: string): Consumer => ({
    ...consumerProving(() => (queue === busy ? { ok: false, why: 'it sleeps' } : { ok: true, by: 'busy' })),
    queue,
  });
  const { beat, lines } = startReplica('worker:h:1', [failing('one'), failing('two')], 0.05);
  on.cleanup.use(beat);
  const seen = new Set<unknown>();
  await poll(async () => {
    busy = busy === 'one' ? 'two' : 'one';
    const { replicas } = await readHeartbeats({ redis: on.redis, key: KEY });
    for (const queue of Object.keys(replicas[0]?.failing ?? {})) seen.add(queue);
    return seen.size === 2;
  });
  expect(lines.map(({ message }) => message)).toEqual(['no heartbeat: not every consumer works']);
});

test('a heart that Redis did not hear goes on when Redis is back', async () => {
  const { beat } = startReplica('worker:h:1', [consumerProving(() => ({ ok: true, by: 'job' }))], 0.05);
  on.cleanup.use(beat);
  await poll(async () => (await age()) !== null);
  await on.server.stop();
  await on.server.start();
  await poll(() => on.redis.del(KEY));
  expect(await poll(() => on.redis.get(KEY), { timeoutMs: 15_000 })).toMatch(/^\d+$/);
});
