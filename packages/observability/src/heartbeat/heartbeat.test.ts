import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import type { Consumer, ConsumerLiveness } from './consumer.ts';
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

function consumerWith(checkLiveness: () => ConsumerLiveness): Consumer {
  return {
    queue: 'jobs',
    lastJobAt: performance.now(),
    ready: async () => undefined,
    checkLiveness,
    [Symbol.dispose]: () => undefined,
  };
}

const consumerReadyAfter = (begun: Promise<void>): Consumer => ({
  ...consumerWith(() => ({ ok: true, by: 'fetch' })),
  ready: () => begun,
});
const never = new Promise<void>(() => undefined);

const age = async (): Promise<number | null> =>
  (await readHeartbeats({ redis: on.redis, key: KEY })).beat_age_seconds;

test('the heartbeat key holds the Unix time of the last beat and expires after 90 s', async () => {
  const { beat } = startReplica('worker:h:1', [consumerWith(() => ({ ok: true, by: 'job' }))]);
  on.cleanup.use(beat);
  const text = await poll(() => on.redis.get(KEY));
  expect(text).toMatch(/^\d{10}$/);
  const [seconds] = await on.redis.time();
  expect(Number(seconds) - Number(text)).toBeLessThan(5);
  expect(await on.redis.ttl(KEY)).toBeGreaterThan(80);
  expect(await on.redis.ttl(KEY)).toBeLessThanOrEqual(90);
});

test('each replica writes a record beside the shared key and removes it when it leaves', async () => {
  const { beat } = startReplica('worker:h:1', [consumerWith(() => ({ ok: true, by: 'job' }))]);
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

test('a replica that died is lost, and forgotten after an hour', async () => {
  on.cleanup.use(startReplica('worker:h:1', [consumerWith(() => ({ ok: true, by: 'fetch' }))]).beat);
  await poll(async () => (await readHeartbeats({ redis: on.redis, key: KEY })).replicas.length === 1);
  const now = Date.now() / 1000;
  const at = async (later: number) =>
    readHeartbeats({ redis: on.redis, key: KEY, expected: 2, now: now + later });
  expect(await at(0)).toMatchObject({ missing: 1, replicas: [{ state: 'live', instance: 'worker:h:1' }] });
  expect(await at(100)).toMatchObject({ missing: 2, replicas: [{ state: 'lost' }] });
  expect(await at(3700)).toMatchObject({ missing: 2, replicas: [] });
});

test('live, lost, left and never-seen replicas are told apart', async () => {
  const works = (): ConsumerLiveness => ({ ok: true, by: 'job' });
  on.cleanup.use(startReplica('worker:h:live', [consumerWith(works)]).beat);
  on.cleanup.use(startReplica('worker:h:lost', [consumerWith(works)]).beat);
  const leaving = startReplica('worker:h:left', [consumerWith(works)]).beat;
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

test('ignores values that are not heartbeat records', async () => {
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

test('a replica that leaves while Redis is frozen does not come back as lost', async () => {
  const { beat, lines } = startReplica('worker:h:1', [consumerWith(() => ({ ok: true, by: 'job' }))], 0.05);
  await poll(async () => (await readHeartbeats({ redis: on.redis, key: KEY })).replicas.length === 1);
  on.server.freeze();
  await poll(() => lines.some(({ message }) => message === 'no heartbeat: Redis does not take it'));
  expect(lines[0]?.fields).toEqual({ error: expect.any(String) });
  const left = beat[Symbol.asyncDispose]();
  await left;
  on.server.thaw();
  // Answered after the commands that were still pending.
  await on.redis.ping();
  await on.redis.ping();
  expect((await readHeartbeats({ redis: on.redis, key: KEY })).replicas).toEqual([]);
  expect(await on.redis.exists(`${KEY}:worker:h:1`)).toBe(0);
});

test('logs which consumers an overdue first beat waits for', async () => {
  const { beat, lines } = startReplica('worker:h:1', [consumerReadyAfter(never)], 0.05);
  on.cleanup.use(beat);
  await poll(() => lines.length > 0);
  expect(lines[0]).toEqual({
    fields: { consumers: ['jobs'] },
    message: 'no heartbeat yet: these consumers have not begun to work',
  });
  expect(await age()).toBeNull();
});

test('a replica whose consumer has not begun is not live, and its record says why', async () => {
  const begun = Promise.withResolvers<void>();
  const { beat } = startReplica('worker:h:1', [consumerReadyAfter(begun.promise)], 0.05);
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
  ['never begins', consumerReadyAfter(never)],
  ['never works', consumerWith(() => ({ ok: false, why: 'it sleeps' }))],
])('a replica whose consumer %s leaves no keys behind', async (_case, consumer) => {
  const { beat } = startReplica('worker:h:1', [consumer], 0.05);
  await poll(() => on.redis.exists(`${KEY}:worker:h:1`));
  await beat[Symbol.asyncDispose]();
  expect(await on.redis.keys('*')).toEqual([]);
});

test('a consumer whose check throws does not count as working', async () => {
  const { beat, lines } = startReplica('worker:h:1', [
    consumerWith(() => {
      throw new Error('broken');
    }),
  ]);
  on.cleanup.use(beat);
  await poll(() => lines.length > 0);
  expect(lines[0]?.fields.consumers).toEqual([{ queue: 'jobs', why: 'its check failed: Error: broken' }]);
});

test.each([
  ['an interval over 30 s', 'worker:h:1', 31],
  ['an interval of 0 s', 'worker:h:1', 0],
  ['an instance named like one of its own keys', 'replicas', 30],
])('refuses %s', (_case, instance, everySeconds) => {
  expect(() => startReplica(instance, [], everySeconds)).toThrow(/everySeconds|cannot name a replica/);
});

test('writes no beat while a consumer does not work, and logs which one and why', async () => {
  let liveness: ConsumerLiveness = { ok: false, why: 'it sleeps' };
  const { beat, lines } = startReplica('worker:h:1', [consumerWith(() => liveness)], 0.05);
  on.cleanup.use(beat);
  await poll(() => lines.length > 0);
  expect(lines[0]).toEqual({
    fields: { consumers: [{ queue: 'jobs', why: 'it sleeps' }] },
    message: 'no heartbeat: not every consumer works',
  });
  expect(await age()).toBeNull();
  liveness = { ok: true, by: 'busy' };
  await poll(() => lines.length > 1);
  expect(await age()).not.toBeNull();
  expect(lines.map(({ message }) => message)).toEqual([
    'no heartbeat: not every consumer works',
    'the heartbeat is written again',
  ]);
});

test('logs one line for an outage, even when the failing consumer changes', async () => {
  let busy = 'one';
  const failing = (queue: string): Consumer => ({
    ...consumerWith(() => (queue === busy ? { ok: false, why: 'it sleeps' } : { ok: true, by: 'busy' })),
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

test('the heartbeat continues after a restart of Redis', async () => {
  const { beat } = startReplica('worker:h:1', [consumerWith(() => ({ ok: true, by: 'job' }))], 0.05);
  on.cleanup.use(beat);
  await poll(async () => (await age()) !== null);
  await on.server.stop();
  await on.server.start();
  await poll(() => on.redis.del(KEY));
  expect(await poll(() => on.redis.get(KEY), { timeoutMs: 15_000 })).toMatch(/^\d+$/);
});
