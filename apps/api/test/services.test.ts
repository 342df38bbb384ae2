import { poll } from '@prosaas/devstack';
import { startHeartbeat } from '@prosaas/observability';
import {
  type Identity,
  type Logger,
  closeRedis,
  createLogger,
  createRedis,
  identify,
  redisReady,
} from '@prosaas/runtime';
import { type Telemetry, startTelemetry } from '@prosaas/telemetry';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestApi, adminKey, apiKey, metricsToken, startTestApi } from './support.ts';

let cleanup: AsyncDisposableStack;
let api: TestApi;
const silent = createLogger({ service: 'test', instance: 'test', level: 'silent' });

beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  // These routes need no database, so there is none.
  api = cleanup.use(await startTestApi({ DATABASE_URL: 'postgres://nobody@127.0.0.1:9/nothing' }));
});
afterEach(() => cleanup.disposeAsync());

interface Replica extends Record<string, unknown> {
  instance: string;
  heartbeat: Record<string, unknown> | null;
}
interface LoggerState {
  configuredLevel: string | null;
  effectiveLevel: string | null;
  until: string | null;
  replicas: { instance: string; level: string | null; applied: boolean }[];
}

interface Answer<T> {
  status: number;
  body: T;
}

async function ask<T>(path: string, body?: object, key = metricsToken): Promise<Answer<T>> {
  const response = await fetch(`${api.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as T };
}

const listServices = async (): Promise<Replica[]> =>
  (await ask<{ items?: Replica[] }>('/api/services')).body.items ?? [];
const readLogger = async (service: string): Promise<LoggerState> =>
  (await ask<LoggerState>(`/api/loggers/${service}`)).body;

/** The telemetry of a worker, without the worker. */
function startReplica(log: Logger = silent): { identity: Identity; telemetry: Telemetry } {
  const identity = identify('worker');
  const config = { REDIS_URL: api.redis.url, REDIS_NAMESPACE: 'prosaas', BUILD_NUMBER: 7, GIT_COMMIT: 'abc' };
  const telemetry = cleanup.use(startTelemetry({ config, identity, log }));
  telemetry.registerReplica({ report: () => ({}) });
  return { identity, telemetry };
}

async function openRedis(): Promise<Redis> {
  const redis = cleanup.adopt(
    createRedis({ url: api.redis.url, name: 'test', role: 'commands', log: silent }),
    closeRedis,
  );
  await redisReady(redis);
  return redis;
}

test('shows each replica with its report and its heartbeat until it signs off', async () => {
  const { identity, telemetry } = startReplica();
  const consumer = {
    queue: 'inbound-messages',
    lastJobAt: undefined,
    ready: () => Promise.resolve(),
    checkLiveness: () => ({ ok: true, by: 'job' }) as const,
    [Symbol.dispose]: () => {},
  };
  cleanup.use(
    startHeartbeat({
      redis: await openRedis(),
      key: 'worker:heartbeat',
      replica: identity,
      consumers: [consumer],
      log: silent,
    }),
  );
  const items = await poll(
    async () => {
      const all = await listServices();
      return all.length === 2 && all.every(({ service, heartbeat }) => service === 'api' || heartbeat) && all;
    },
    { what: 'both replicas' },
  );
  const [own, worker] = items;
  expect(own).toMatchObject({ service: 'api', state: 'live', heartbeat: null, log_level: 'SILENT' });
  expect(worker).toMatchObject({
    service: 'worker',
    instance: identity.instance,
    host: identity.host,
    pid: process.pid,
    state: 'live',
    build: 7,
    commit: 'abc',
    clock_ahead_seconds: 0,
    started_at: identity.startedAt.toISOString(),
    heartbeat: { state: 'live', queues: ['inbound-messages'], failing: {}, last_job_at: null },
  });
  await poll(async () => (await listServices()).every((one) => Number(one['resident_memory_bytes']) > 1e6));
  telemetry.drain();
  await poll(async () => (await listServices()).some(({ state }) => state === 'draining'));
  await telemetry[Symbol.asyncDispose]();
  expect(await listServices()).toMatchObject([{ service: 'api' }]);
});

test('shows a dead replica as lost, and at most 200 replicas, lost ones last', async () => {
  const redis = await openRedis();
  await poll(async () => (await listServices()).length === 1, { what: 'the api itself' });
  const lostAt = Date.now() - 30_000;
  for (let at = 0; at < 250; at += 1) {
    const instance = `worker:h:${at}`;
    const report = { service: 'worker', instance, host: 'h', pid: at, started_at: 1_700_000_000, report: {} };
    await redis.zadd('{prosaas}:replicas:leases', lostAt + at, instance);
    await redis.hset('{prosaas}:replicas:reports', instance, JSON.stringify(report));
  }
  const { body } = await ask<{ items: Replica[]; left_off: number }>('/api/services');
  expect([body.items.length, body.left_off]).toEqual([200, 51]);
  expect(body.items.filter(({ state }) => state === 'live')).toMatchObject([{ service: 'api' }]);
  // The most recently lost ones are kept.
  expect(body.items.find(({ instance }) => instance === 'worker:h:249')).toMatchObject({
    state: 'lost',
    version: null,
    resident_memory_bytes: null,
    heartbeat: null,
  });
  expect(body.items.some(({ instance }) => instance === 'worker:h:3')).toBe(false);
});

test('a log level applies to all replicas of a service, also to later ones, until it is removed', async () => {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]),
  };
  const logOf = (): Logger => createLogger({ service: 'worker', instance: 't', level: 'ERROR', destination });
  startReplica(logOf());
  await poll(async () => (await readLogger('worker')).replicas.length === 1);
  expect(await readLogger('worker')).toMatchObject({
    configuredLevel: null,
    effectiveLevel: 'ERROR',
    until: null,
    replicas: [{ level: 'ERROR', applied: true }],
  });

  const before = Date.now();
  const set = await ask<LoggerState>(
    '/api/loggers/worker',
    { configuredLevel: 'debug', minutes: 5 },
    adminKey,
  );
  expect(set).toMatchObject({ status: 200, body: { configuredLevel: 'DEBUG', effectiveLevel: 'DEBUG' } });
  const until = new Date(set.body.until ?? 0).getTime();
  expect(until).toBeGreaterThan(before + 240_000);
  expect(until).toBeLessThanOrEqual(Date.now() + 300_000);
  startReplica(logOf());
  const applied = await poll(
    async () => {
      const state = await readLogger('worker');
      return state.replicas.length === 2 && state.replicas.every((one) => one.applied) && state;
    },
    { what: 'the level in both replicas' },
  );
  expect(applied.replicas.map(({ level }) => level)).toEqual(['DEBUG', 'DEBUG']);
  const all = await ask<{ levels: string[]; loggers: Record<string, LoggerState> }>('/api/loggers');
  expect(all.body.levels).toEqual(expect.arrayContaining(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']));
  expect(Object.keys(all.body.loggers)).toEqual(['api', 'baileys', 'calls', 'worker']);
  expect(all.body.loggers).toMatchObject({
    api: { configuredLevel: null, effectiveLevel: 'SILENT' },
    calls: { configuredLevel: null, effectiveLevel: null, replicas: [] },
    worker: { configuredLevel: 'DEBUG' },
  });

  await ask('/api/loggers/worker', { configuredLevel: null }, adminKey);
  await poll(async () => (await readLogger('worker')).replicas.every(({ level }) => level === 'ERROR'));
  const changes = lines.filter(({ log_level: level }) => level !== undefined);
  expect(changes.map(({ was, log_level: level }) => `${String(was)} ${String(level)}`).toSorted()).toEqual([
    'DEBUG ERROR',
    'DEBUG ERROR',
    'ERROR DEBUG',
    'ERROR DEBUG',
  ]);
});

test('lets only admins set a log level, only a known one, for at most a day', async () => {
  expect((await ask('/api/loggers/worker', { configuredLevel: 'DEBUG' })).status).toBe(403);
  for (const body of [
    { configuredLevel: 'LOUD' },
    { configuredLevel: 'DEBUG'.repeat(50) },
    { configuredLevel: 7 },
    {},
    { configuredLevel: 'DEBUG', minutes: 0 },
    { configuredLevel: 'DEBUG', minutes: 1441 },
    { configuredLevel: 'DEBUG', seconds: 7 },
  ]) {
    const answer = await ask('/api/loggers/worker', body, adminKey);
    expect([body, answer]).toMatchObject([body, { status: 400, body: { code: 'VALIDATION_FAILED' } }]);
  }
  const unknown = await ask('/api/loggers/postgres', { configuredLevel: 'DEBUG' }, adminKey);
  expect(unknown).toMatchObject({ status: 404, body: { code: 'SERVICE_NOT_FOUND' } });
  expect((await ask('/api/loggers/__proto__')).status).toBe(404);
});

test('responds with 503 instead of old data while Redis is away, and recovers', async () => {
  await poll(async () => (await listServices()).length === 1);
  await api.redis.stop();
  for (const path of ['/api/services', '/api/loggers', '/api/loggers/api']) {
    const away = await ask<Record<string, unknown>>(path);
    expect([path, away.status, away.body['code']]).toEqual([path, 503, 'REDIS_UNAVAILABLE']);
  }
  const change = await ask<Record<string, unknown>>(
    '/api/loggers/api',
    { configuredLevel: 'INFO' },
    adminKey,
  );
  expect(change).toMatchObject({ status: 503, body: { code: 'REDIS_UNAVAILABLE' } });
  await api.redis.start();
  await poll(async () => (await listServices()).length === 1, { what: 'Redis to be back' });
});

interface Check extends Record<string, unknown> {
  name: string;
  reasons: { code: string; means: string; title: string; what_to_do: { kind: string; text: string }[] }[];
  changes: { at: string; status: string; codes: string[] }[];
}

const listChecks = async (headers: Record<string, string>): Promise<Check[]> => {
  const response = await fetch(`${api.url}/api/checks`, { headers });
  return ((await response.json()) as { items: Check[] }).items;
};

test('shows what is wrong with a check, since when, what to do, and earlier states', async () => {
  const asMetrics = { authorization: `Bearer ${metricsToken}` };
  const redisCheck = async (headers: Record<string, string> = asMetrics): Promise<Check> =>
    (await listChecks(headers)).find(({ name }) => name === 'redis')!;
  const healthy = await poll(async () => {
    const check = await redisCheck();
    return check['status'] !== 'fail' && check;
  });
  expect(healthy['looks_at']).toContain('Redis');
  await api.redis.stop();
  const failed = await poll(
    async () => {
      const check = await redisCheck();
      return check['status'] === 'fail' && check;
    },
    { what: 'the check to fail' },
  );
  expect(failed.reasons).toMatchObject([{ code: 'refused', title: '`[-]redis failed`' }]);
  expect(failed.reasons[0]?.what_to_do.map(({ text }) => text).join()).toContain('docker compose logs redis');
  expect(failed.changes.at(-1)).toEqual({ at: failed['since'], status: 'fail', codes: ['refused'] });
  expect(failed.changes.at(-2)?.status).toBe(healthy['status']);
  expect(JSON.stringify(failed['details'])).toContain('127.0.0.1');
  // A key of a business shows the failure without addresses.
  const shown = await redisCheck({ 'x-api-key': apiKey });
  expect(shown['status']).toBe('fail');
  expect(shown).not.toHaveProperty('details');
  const database = (await listChecks(asMetrics)).find(({ name }) => name === 'database');
  expect(database).toMatchObject({ status: 'fail', reasons: [{ code: 'refused' }] });
});
