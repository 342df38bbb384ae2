import { type Stack, poll, startStack } from '@prosaas/devstack';
import { queueNames } from '@prosaas/queues';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redisOf } from './support/redis.ts';
import { startQuickStack, until } from './support/stack.ts';

interface Beat {
  instance: string;
  pid: number;
  beat_at: number;
}

let stack: Stack;
let redis: Awaited<ReturnType<typeof redisOf>>;

beforeAll(async () => {
  stack = await startQuickStack({
    services: ['api', 'worker'],
    env: { WORKER_HEARTBEAT_SECONDS: '1', WORKERS_EXPECTED: '2', READYZ_REQUIRE: 'database' },
  });
  redis = await redisOf(stack);
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

/** The heartbeats of all replicas, by instance. */
async function beats(): Promise<Map<string, Beat>> {
  const found = new Map<string, Beat>();
  for (const key of await redis.client.keys('worker:heartbeat:worker:*')) {
    found.set(
      key.slice('worker:heartbeat:'.length),
      JSON.parse((await redis.client.get(key)) ?? '{}') as Beat,
    );
  }
  return found;
}

/** Another worker of the same stack. */
function startAnotherWorker(): Promise<Stack> {
  return startStack({
    services: ['worker'],
    redisUrl: stack.redisUrl,
    databaseUrl: stack.databaseUrl,
    env: { WORKER_HEARTBEAT_SECONDS: '1', DRAIN_SECONDS: '0', BAILEYS_URL: stack.url.baileys },
  });
}

const workersLine = (text: string): string => /^.*\]workers.*$/m.exec(text)?.[0] ?? '';

test("worker:heartbeat is a string of Unix seconds by Redis' clock that expires after 90 s", async () => {
  expect(await redis.client.type('worker:heartbeat')).toBe('string');
  const value = (await redis.client.get('worker:heartbeat')) ?? '';
  expect(value).toMatch(/^\d{10}$/);
  const [now] = await redis.client.time();
  expect(Math.abs(Number(now) - Number(value))).toBeLessThan(10);
  const ttl = await redis.client.ttl('worker:heartbeat');
  expect(ttl).toBeGreaterThan(60);
  expect(ttl).toBeLessThanOrEqual(90);
});

test('the heartbeat is updated', async () => {
  const first = Number(await redis.client.get('worker:heartbeat'));
  await poll(async () => Number(await redis.client.get('worker:heartbeat')) > first + 1, {
    what: 'two more beats',
  });
});

test('each replica has a key of its own with its facts', async () => {
  const [[instance, beat] = []] = await beats();
  expect(beat).toEqual({
    instance,
    host: expect.any(String),
    pid: stack.services.worker.pid,
    started_at: expect.any(Number),
    beat_at: expect.any(Number),
    last_job_at: null,
    queues: Object.fromEntries(queueNames.map((queue) => [queue, expect.any(String)])),
    clock_ahead_seconds: 0,
  });
});

test('warns while there are fewer workers than expected, and a worker that stops removes its key', async () => {
  const readyz = `${stack.url.api}/readyz?verbose`;
  await until(readyz, ({ text }) => workersLine(text) === '[+]workers ok, warning: too_few');
  await using other = await startAnotherWorker();
  expect((await beats()).size).toBe(2);
  await until(readyz, ({ text }) => workersLine(text) === '[+]workers ok');
  expect(await other.services.worker.stop()).toBe(0);
  expect([...(await beats()).values()].map(({ pid }) => pid)).toEqual([stack.services.worker.pid]);
  await until(readyz, ({ text }) => workersLine(text) === '[+]workers ok, warning: too_few');
});

test('a killed worker stays visible and counts as lost when its last heartbeat is too old', async () => {
  const [[instance, beat] = []] = await beats();
  stack.services.worker.kill('SIGKILL');
  await stack.services.worker.exited();
  expect((await beats()).get(instance ?? '')).toMatchObject({ pid: beat?.pid });
  expect(await redis.client.ttl(`worker:heartbeat:${instance}`)).toBeGreaterThan(90);

  // As after 90 seconds: the shared key has expired, and the replica's own heartbeat is old.
  await redis.client.del('worker:heartbeat');
  const last = (await beats()).get(instance ?? '');
  await redis.client.set(
    `worker:heartbeat:${instance}`,
    JSON.stringify({ ...last, beat_at: (last?.beat_at ?? 0) - 100 }),
    'KEEPTTL',
  );
  const readyz = `${stack.url.api}/readyz`;
  const answer = await until(readyz, ({ text }) => text.includes('"stale"'));
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    checks: {
      workers: { status: 'fail', reason: 'stale', live: 0, lost: 1, expected: 2, beat_age_seconds: null },
    },
  });

  await stack.services.worker.start();
  await until(readyz, ({ text }) => text.includes('"live":1,"lost":1'));
});
