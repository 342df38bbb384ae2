import { once } from 'node:events';
import { appendFile, readFile, readdir, writeFile } from 'node:fs/promises';
import { type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { poll, startRedis } from '@prosaas/devstack';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readQueueTotals } from '@prosaas/queues';
import { fillRedis, readRedis } from './support/redis-contents.ts';
import { redisOf } from './support/redis.ts';
import { type ScriptedRedis, scriptedRedis } from './support/start-script.ts';

let redis: ScriptedRedis;
beforeEach(async () => {
  redis = await scriptedRedis();
});
afterEach(() => redis[Symbol.asyncDispose]());

async function connection(): ReturnType<typeof redisOf> {
  return redisOf({ redisUrl: await redis.url() });
}

/** Options that make loading take at least a second, during which the server answers on its socket. */
const slowly = ['--key-load-delay', '250'];
const slowKeys = 3000;

async function fillWithTransactions(): Promise<void> {
  await using one = await connection();
  const multi = one.client.multi();
  for (let key = 0; key < slowKeys; key += 1) multi.set(`key:${key}`, key);
  await multi.exec();
}

async function countKeys(): Promise<number> {
  await using one = await connection();
  return one.client.dbsize();
}

/** The file of the AOF to which Redis appends. */
async function appendedFile(): Promise<string> {
  const folder = join(redis.dataDir, 'appendonlydir');
  const name = (await readdir(folder)).find((file) => file.endsWith('.incr.aof'));
  return join(folder, name!);
}

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'totals, counters, a paused queue and calls are the same after %s and a start',
  async (signal) => {
    await redis.start();
    await using before = await connection();
    await fillRedis(before.client, await redis.url());
    const contents = await readRedis(before.client);
    expect(contents).toMatchObject({
      counters: { whatsapp_inbound_messages: 5, queue_jobs_failed: 3, calls_started: 3, calls_completed: 1 },
      queues: { failed: 3, queues: { 'outbound-messages': { waiting: 2, paused: true } } },
      calls: { active: 2 },
    });
    // The second restart also reads what Redis wrote after the first one.
    for (let restart = 0; restart < 2; restart += 1) {
      expect(await redis.end(signal)).toBe(signal === 'SIGTERM' ? 0 : signal);
      if (restart === 1) await redis.forgetPassword();
      await redis.start();
      await using after = await connection();
      expect(await readRedis(after.client)).toEqual(contents);
    }
    expect(redis.output()).not.toContain('CRITICAL');
  },
);

test('recovers transactions from the AOF of a server that dropped them when it started', async () => {
  // The users as an older start.sh set them.
  const acl =
    '--user default on nopass resetkeys ~worker:heartbeat* resetchannels -@all +ping +get --user prosaas on nopass ~* &* +@all';
  await using older = await startRedis({ dir: redis.dataDir, args: acl.split(' ') });
  const redisUrl = `redis://prosaas:any@127.0.0.1:${older.port}/0`;
  await using first = await redisOf({ redisUrl });
  await fillRedis(first.client, redisUrl);
  const whole = await readRedis(first.client);
  await older.stop();
  await older.start();
  await using second = await redisOf({ redisUrl });
  const damaged = await readQueueTotals(second.client, '{prosaas}');
  expect(damaged).toMatchObject({ enqueued: 0, failed: 0 });
  expect(older.output()).toContain('CRITICAL');
  await older.stop();

  await redis.start();
  await using third = await connection();
  expect(await readRedis(third.client)).toEqual(whole);
  expect(redis.output()).not.toContain('CRITICAL');
});

test('opens the port only when the data is loaded and the default user is restricted', async () => {
  await redis.start();
  await fillWithTransactions();
  await redis.end('SIGKILL');
  const server = await redis.launch(...slowly);
  const stranger = await firstAnswers();
  expect(stranger.refused).toBeGreaterThan(10);
  expect(stranger.answers).toEqual([expect.stringMatching(/^-NOPERM/), expect.stringMatching(/^-NOPERM/)]);
  expect(await countKeys()).toBe(slowKeys);
  expect(server.output()).not.toContain('CRITICAL');
});

/** Tries to connect every millisecond. Returns the number of refusals and the answers on the first connection. */
async function firstAnswers(): Promise<{ refused: number; answers: string[] }> {
  let refused = 0;
  const socket = await poll(
    () =>
      new Promise<Socket | false>((resolve) => {
        const one = connect(redis.port, '127.0.0.1', () => resolve(one));
        one.once('error', () => {
          refused += 1;
          resolve(false);
        });
      }),
    { timeoutMs: 60_000, everyMs: 1, what: 'a connection' },
  );
  socket.write('SET taken 1\r\nCONFIG SET maxmemory 1\r\n');
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.split('\r\n').length > 2) break;
  }
  return { refused, answers: text.trimEnd().split('\r\n') };
}

test('exits with 0 after SIGTERM while the data is loaded', async () => {
  await redis.start();
  await fillWithTransactions();
  await redis.end('SIGTERM');
  const server = await redis.launch(...slowly);
  await poll(() => server.output().includes('DB loaded from base file'), { what: 'the load to begin' });
  expect(await redis.end('SIGTERM')).toBe(0);
  // The data was not loaded yet, so the port was not open.
  expect(server.output()).not.toContain('Ready to accept connections');
  expect(server.output()).toContain('shutdown signal during loading');
});

test('creates the password after a first start that was killed while it did so', async () => {
  await writeFile(`${redis.passwordFile}.new`, 'half', { mode: 0o444 });
  await redis.start();
  expect(await readFile(redis.passwordFile, 'utf8')).toMatch(/^[0-9a-f]{64}$/);
});

test('opens the port although the memory is full', async () => {
  await redis.start();
  await fillWithTransactions();
  await redis.end('SIGTERM');
  await redis.start('--maxmemory', '1mb');
  await using one = await connection();
  await expect(one.client.set('more', 1)).rejects.toThrow('OOM');
  expect(await one.client.dbsize()).toBe(slowKeys);
});

test('loses only the last transaction of an AOF that ends in the middle of it', async () => {
  await redis.start();
  await fillWithTransactions();
  await redis.end('SIGKILL');
  await appendFile(await appendedFile(), '*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$1\r\n1\r\n');
  await redis.start();
  expect(await countKeys()).toBe(slowKeys);
  expect(redis.output()).not.toContain('CRITICAL');
});

test('exits with the message and code of the server if the AOF is broken in the middle', async () => {
  await redis.start();
  await fillWithTransactions();
  await redis.end('SIGTERM');
  const file = await appendedFile();
  const text = await readFile(file, 'latin1');
  const middle = text.indexOf('*3\r\n', text.length / 2);
  await writeFile(file, `${text.slice(0, middle)}broken${text.slice(middle)}`, 'latin1');
  const server = await redis.launch();
  expect(await server.exited).toBe(1);
  expect(server.output()).toContain('Bad file format reading the append only file');
});

test('prints a message and stops the server if the port cannot be opened', async () => {
  const other = createServer().listen(redis.port, '127.0.0.1');
  await once(other, 'listening');
  const server = await redis.launch();
  expect(await server.exited).toBe('SIGKILL');
  other.close();
  expect(server.output()).toMatch(/^start\.sh: the server is stopped, its port could not be opened: .+/m);
});
