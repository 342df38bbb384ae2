import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type RedisServer, poll, startRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineCatalogue } from './catalogue.ts';
import { type MetricsPublisher, startMetricsPublisher } from './publisher.ts';
import { MetricsReader } from './reader.ts';
import { MetricsUnknown, type MetricsReading } from './reading.ts';
import { MetricsRegistry } from './registry.ts';

const catalogue = defineCatalogue({
  jobs: { type: 'counter', help: 'Jobs.' },
  active: { type: 'gauge', help: 'Active.' },
});
const PREFIX = '{test}:metrics';
const LEASE_MS = 600;

let server: RedisServer;
let cleanup: AsyncDisposableStack;
beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  server = cleanup.use(await startRedis({ args: ['--appendfsync', 'always'] }));
});
afterEach(() => cleanup.disposeAsync());

function connect(): Redis {
  const redis = new Redis(server.url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: () => 50,
  });
  redis.on('error', () => undefined);
  cleanup.defer(() => redis.disconnect());
  return redis;
}

async function connected(): Promise<Redis> {
  const redis = connect();
  await once(redis, 'ready');
  return redis;
}

async function startReader(): Promise<MetricsReader> {
  const reader = new MetricsReader({
    redis: await connected(),
    keyPrefix: PREFIX,
    catalogue,
    leaseMs: LEASE_MS,
    onError: () => undefined,
  });
  cleanup.use(reader);
  return reader;
}

interface Process {
  readonly registry: MetricsRegistry<typeof catalogue>;
  readonly publisher: MetricsPublisher;
}

async function startProcess(instance: string, intervalMs = 50): Promise<Process> {
  const registry = new MetricsRegistry(catalogue);
  const publisher = startMetricsPublisher({
    redis: await connected(),
    keyPrefix: PREFIX,
    registry,
    source: { service: 'test', instance },
    intervalMs,
    leaseMs: LEASE_MS,
    onError: () => undefined,
  });
  cleanup.use(publisher);
  return { registry, publisher };
}

const CHILD = `
import { Redis } from 'ioredis';
import { createInterface } from 'node:readline';
import { MetricsRegistry, defineCatalogue, startMetricsPublisher } from '@prosaas/observability';
const [url, keyPrefix, leaseMs] = process.argv.slice(1);
const registry = new MetricsRegistry(defineCatalogue({ jobs: { type: 'counter', help: '' }, active: { type: 'gauge', help: '' } }));
const publisher = startMetricsPublisher({
  redis: new Redis(url), keyPrefix, registry, source: { service: 'child', instance: 'child:' + process.pid },
  intervalMs: 50, leaseMs: Number(leaseMs), onError: () => {},
});
registry.gauge('active').set(1);
for await (const line of createInterface({ input: process.stdin })) {
  registry.counter('jobs').add(Number(line));
  console.log(await publisher.flush());
}
`;

interface CountingChild {
  readonly process: ChildProcess;
  /** Counts and publishes. Resolves to whether Redis took it. */
  count(n: number): Promise<boolean>;
}

function startChild(): CountingChild {
  const args = [
    '--conditions=@prosaas/source',
    '--input-type=module',
    '-e',
    CHILD,
    server.url,
    PREFIX,
    String(LEASE_MS),
  ];
  const child = spawn(process.execPath, args, {
    cwd: new URL('.', import.meta.url).pathname,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  cleanup.defer(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  return {
    process: child,
    count: async (n) => {
      child.stdin.write(`${n}\n`);
      const [line] = (await once(lines, 'line')) as [string];
      return line === 'true';
    },
  };
}

async function until(
  reader: MetricsReader,
  what: string,
  holds: (reading: MetricsReading) => boolean,
): Promise<MetricsReading> {
  return poll(
    async () => {
      const reading = await reader.read();
      return holds(reading) && reading;
    },
    { timeoutMs: 20_000, what },
  );
}

test('the counts of a killed process stay in the total, its gauge does not', async () => {
  const reader = await startReader();
  const survivor = await startProcess('survivor');
  const child = startChild();
  expect(await child.count(5)).toBe(true);
  expect(await child.count(2)).toBe(true);
  survivor.registry.counter('jobs').add(1);
  await survivor.publisher.flush();
  expect(await reader.read()).toMatchObject({ counters: { jobs: 8 }, gauges: { active: 1 } });

  child.process.kill('SIGKILL');
  const after = await until(reader, 'the fold', ({ sources }) => sources.length === 1);
  expect(after).toMatchObject({ counters: { jobs: 8 }, gauges: { active: 0 } });
  await until(reader, 'a complete reading', ({ complete }) => complete);
});

test('a process that exits cleanly is folded at once', async () => {
  const reader = await startReader();
  const { registry, publisher } = await startProcess('leaver');
  registry.counter('jobs').add(3);
  registry.gauge('active').set(2);
  await publisher[Symbol.asyncDispose]();
  expect(await reader.read()).toMatchObject({ counters: { jobs: 3 }, gauges: { active: 0 }, sources: [] });
});

test('several readers that fold the same processes at once count nothing twice', async () => {
  const readers = await Promise.all([1, 2, 3].map(() => startReader()));
  await startProcess('survivor');
  const children = [startChild(), startChild()];
  await Promise.all(children.map((child) => child.count(4)));
  for (const child of children) child.process.kill('SIGKILL');
  await poll(
    async () => {
      const readings = await Promise.all(readers.map((reader) => reader.read()));
      for (const { counters } of readings) expect(counters['jobs']).toBe(8);
      return readings.every(({ sources }) => sources.length === 1);
    },
    { what: 'the fold' },
  );
});

test('a process that resumes after it was folded goes on without counting twice', async () => {
  const reader = await startReader();
  await startProcess('survivor');
  const child = startChild();
  await child.count(5);
  child.process.kill('SIGSTOP');
  await until(reader, 'the fold', ({ sources }) => sources.length === 1);
  child.process.kill('SIGCONT');
  expect(await child.count(2)).toBe(true);
  expect(await reader.read()).toMatchObject({ counters: { jobs: 7 }, gauges: { active: 1 } });
});

test('while Redis is frozen, counting goes on and readers keep the last totals', async () => {
  const reader = await startReader();
  const { registry, publisher } = await startProcess('steady');
  registry.counter('jobs').add(5);
  await publisher.flush();
  await until(reader, 'a complete reading', ({ complete }) => complete);

  server.freeze();
  registry.counter('jobs').add(2);
  expect(await publisher.flush()).toBe(false);
  expect(await reader.read()).toMatchObject({ counters: { jobs: 5 }, complete: false });
  server.thaw();
  // Redis may serve the reader before the publisher; the values from before are then fresh enough to be complete.
  const after = await until(
    reader,
    'a complete reading',
    ({ complete, counters }) => complete && counters['jobs'] !== 5,
  );
  expect(after.counters).toEqual({ jobs: 7 });
});

test('a restart of Redis with its data loses nothing, and `since` stays', async () => {
  const reader = await startReader();
  const { registry, publisher } = await startProcess('steady');
  registry.counter('jobs').add(5);
  await publisher.flush();
  const { since } = await reader.read();
  await server.stop();
  registry.counter('jobs').add(2);
  expect(await reader.read()).toMatchObject({ counters: { jobs: 5 }, complete: false });
  await server.start();
  const after = await until(reader, 'a complete reading', ({ complete }) => complete);
  expect(after).toMatchObject({ counters: { jobs: 7 }, since });
});

test('after a roll-back no total falls, and no reading is complete until everyone has published again', async () => {
  const reader = await startReader();
  // These publish only by `flush`.
  const quiet = await startProcess('quiet', 3_600_000);
  const other = await startProcess('other', 3_600_000);
  quiet.registry.counter('jobs').add(5);
  await quiet.publisher.flush();
  await other.publisher.flush();
  const copy = `${server.dir}-copy`;
  await cp(server.dir, copy, { recursive: true });
  cleanup.defer(() => rm(copy, { recursive: true, force: true }));
  quiet.registry.counter('jobs').add(3);
  await quiet.publisher.flush();
  const { since } = await reader.read();

  await server.kill();
  await rm(server.dir, { recursive: true });
  await cp(copy, server.dir, { recursive: true });
  await server.start();
  await poll(() => other.publisher.flush(), { what: 'a connection' });
  const rolledBack = await poll(async () => (await reader.read()).sources.length === 2 && reader.read(), {
    what: 'a reading',
  });
  expect(rolledBack).toMatchObject({ counters: { jobs: 8 }, complete: false, since });
  await poll(() => quiet.publisher.flush(), { what: 'a connection' });
  const flushing = setInterval(
    () => void Promise.all([quiet.publisher.flush(), other.publisher.flush()]),
    100,
  );
  cleanup.defer(() => clearInterval(flushing));
  const after = await until(reader, 'a complete reading', ({ complete }) => complete);
  expect(after).toMatchObject({ counters: { jobs: 8 }, since });
});

test('after FLUSHALL totals start from zero with a new `since`', async () => {
  const reader = await startReader();
  const { registry, publisher } = await startProcess('steady');
  registry.counter('jobs').add(5);
  await publisher.flush();
  const before = await reader.read();
  const redis = await connected();
  await redis.flushall();
  registry.counter('jobs').add(2);
  await publisher.flush();
  const after = await reader.read();
  expect(after.since).toBeGreaterThan(before.since);
  expect(after.counters).toEqual({ jobs: 2 });
});

test('counting survives SCRIPT FLUSH', async () => {
  const reader = await startReader();
  const { registry, publisher } = await startProcess('steady');
  await (await connected()).script('FLUSH');
  registry.counter('jobs').add(1);
  expect(await publisher.flush()).toBe(true);
  expect((await reader.read()).counters).toEqual({ jobs: 1 });
});

test('a reader that never reached Redis rejects instead of reading zeros', async () => {
  await server.stop();
  const reader = new MetricsReader({
    redis: connect(),
    keyPrefix: PREFIX,
    catalogue,
    onError: () => undefined,
  });
  cleanup.use(reader);
  await expect(reader.read()).rejects.toThrow(MetricsUnknown);
  await server.start();
  expect((await poll(() => reader.read(), { what: 'a reading' })).counters).toEqual({ jobs: 0 });
});

test('exact values are read from Redis itself, and their counters do not fall', async () => {
  let jobs = 4;
  const reader = new MetricsReader({
    redis: await connected(),
    keyPrefix: PREFIX,
    catalogue,
    exactReaders: [{ name: 'exact', read: async () => ({ counters: { jobs }, gauges: { active: jobs } }) }],
    onError: () => undefined,
  });
  cleanup.use(reader);
  expect(await reader.read()).toMatchObject({ counters: { jobs: 4 }, gauges: { active: 4 } });
  jobs = 3;
  expect(await reader.read()).toMatchObject({ counters: { jobs: 4 }, gauges: { active: 3 } });
});
