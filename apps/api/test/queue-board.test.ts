import { poll } from '@prosaas/devstack';
import { createRelay, readQueueTotals } from '@prosaas/queues';
import { closeRedis, createLogger, createRedis, keyspace, redisReady } from '@prosaas/runtime';
import { UnrecoverableError, Worker } from 'bullmq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApi, adminKey, apiKey, receive, startTestApi } from './support.ts';

const { bullPrefix } = keyspace('prosaas');
let api: TestApi;
/** In BullMQ. */
let jobId: string;

beforeAll(async () => {
  api = await startTestApi();
  jobId = await failOneJob();
});
afterAll(() => api[Symbol.asyncDispose]());

/** A job that failed for good, as BullMQ keeps it. */
async function failOneJob(): Promise<string> {
  const log = createLogger({ service: 'api', instance: 'test', level: 'silent' });
  const redis = createRedis({ url: api.redis.url, name: 'test', role: 'blocking', log });
  await using closing = new AsyncDisposableStack();
  closing.defer(() => closeRedis(redis));
  await redisReady(redis);
  const { released } = await receive(api.db);
  await using relay = createRelay({ redis, bullPrefix, log });
  relay.enqueue([released]);
  const failing = new Worker(
    'inbound-messages',
    async () => Promise.reject(new UnrecoverableError('SEND_REFUSED: <b>no such chat</b>')),
    { connection: redis, prefix: bullPrefix, metrics: { maxDataPoints: 60 } },
  );
  await poll(async () => (await readQueueTotals(redis, bullPrefix)).failed === 1, {
    what: 'the job to fail',
  });
  await failing.close();
  return `${released!.id}-1`;
}

const look = (path: string): Promise<Response> => api.get(`/admin/queues${path}`, adminKey);

const byBasic = (userAndPassword: string): Promise<Response> =>
  fetch(`${api.url}/admin/queues`, {
    headers: { authorization: `Basic ${Buffer.from(userAndPassword).toString('base64')}` },
  });

interface Board {
  queues: {
    name: string;
    readOnlyMode: boolean;
    counts: Record<string, number>;
    jobs: { id: string; data: Record<string, unknown> }[];
  }[];
}

async function readBoard(query = ''): Promise<Board['queues']> {
  const answer = await look(`/api/queues${query}`);
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
  return ((await answer.json()) as Board).queues;
}

test('the page and every file that it names are served, and no other host is asked', async () => {
  for (const path of ['', '/', '/queue/inbound-messages', '/queue/inbound-messages/1-1', '/job-schedulers']) {
    const page = await look(path);
    expect([path, page.status]).toEqual([path, 200]);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const html = await page.text();
    expect(html).toContain('<base href="/admin/queues/" />');
    expect(html).toContain('<title>ProSaaS queues</title>');
    expect(html).not.toMatch(/<%|https?:/);
  }
  const html = await (await look('')).text();
  const files = [...html.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, file]) => file);
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) {
    const answer = await look(`/${file}`);
    expect([file, answer.status]).toEqual([file, 200]);
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(100);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  }
  const script = await look(`/${files.find((file) => file?.endsWith('.js'))}`);
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
});

test.each(['/static/none.js', '/static/..%2f..%2fpackage.json', '/static/../../package.json', '/nothing'])(
  '%s is nothing',
  async (path) => {
    const answer = await look(path);
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'NOT_FOUND' }]);
  },
);

test('all queues are shown, read-only, with the job that failed', async () => {
  const queues = await readBoard('?activeQueue=inbound-messages&status=failed');
  expect(queues.map(({ name }) => name)).toEqual(['inbound-messages', 'outbound-messages', 'notices']);
  expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
  expect(queues[0]?.counts).toMatchObject({ waiting: 0, failed: 1 });
  const [job] = queues[0]!.jobs;
  expect(job).toMatchObject({ id: jobId, failedReason: 'SEND_REFUSED: <b>no such chat</b>' });
  const shown = await look(`/api/queues/inbound-messages/${jobId}`);
  expect(await shown.json()).toMatchObject({ job: { id: jobId }, status: 'failed' });
  for (const part of ['logs', 'flow']) {
    expect([part, (await look(`/api/queues/inbound-messages/${jobId}/${part}`)).status]).toEqual([part, 200]);
  }
  const stats = await look('/api/redis/stats');
  expect(await stats.json()).toMatchObject({ backend: 'redis', mode: 'standalone' });
});

test('nobody comes in without the admin key, and a browser is asked for it', async () => {
  const paths = ['', '/', '/static/images/logo.svg', '/api/queues'];
  for (const path of paths) {
    const answer = await fetch(`${api.url}/admin/queues${path}`);
    expect([path, answer.status, answer.headers.get('www-authenticate')]).toEqual([
      path,
      401,
      'Basic realm="ProSaaS", charset="UTF-8"',
    ]);
    expect(await answer.json()).toMatchObject({ code: 'UNAUTHENTICATED' });
    // A valid key that does not open this: as at every door of the administrator's.
    expect([path, (await api.get(`/admin/queues${path}`, apiKey)).status]).toEqual([path, 403]);
  }
  const elsewhere = await fetch(`${api.url}/api/queues`);
  expect(elsewhere.headers.get('www-authenticate')).toBe('Bearer');
});

test.each([
  ['any user', `someone:${adminKey}`, 200],
  ['no user', `:${adminKey}`, 200],
  ['the key as the user', `${adminKey}:`, 401],
  ['the key and no colon', adminKey, 401],
  ['a business key', `someone:${apiKey}`, 401],
  ['a wrong key', 'someone:wrong', 401],
  ['a key with something after it', `someone:${adminKey}:`, 401],
])('HTTP Basic with %s', async (_what, pair, status) => {
  const answer = await byBasic(pair);
  const challenge = status === 401 ? 'Basic realm="ProSaaS", charset="UTF-8"' : null;
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([status, challenge]);
});

test('HTTP Basic opens no other door', async () => {
  const authorization = `Basic ${Buffer.from(`someone:${adminKey}`).toString('base64')}`;
  expect((await fetch(`${api.url}/api/queues`, { headers: { authorization } })).status).toBe(401);
});

test('everything that changes something is refused, with the key too, and changes nothing', async () => {
  const before = await readBoard();
  for (const [method, path] of [
    ['PUT', '/api/queues/pause'],
    ['PUT', '/api/queues/inbound-messages/pause'],
    ['PUT', '/api/queues/outbound-messages/obliterate'],
    ['POST', '/api/queues/inbound-messages/add'],
    ['PATCH', '/api/queues/inbound-messages/1-1/update-data'],
    ['DELETE', '/api/queues/inbound-messages'],
  ] as const) {
    const answer = await fetch(`${api.url}/admin/queues${path}`, {
      method,
      headers: { 'x-api-key': adminKey },
    });
    expect([method, path, answer.status, answer.headers.get('allow')]).toEqual([
      method,
      path,
      405,
      'GET, HEAD',
    ]);
  }
  const after = await readBoard();
  expect(after.map(({ name, counts }) => ({ name, counts }))).toEqual(
    before.map(({ name, counts }) => ({ name, counts })),
  );
});

test('a look is in the audit log once a minute for each thing, files are not', async () => {
  for (let at = 0; at < 3; at += 1) await look('/api/queues/inbound-messages/none');
  await look('/static/images/logo.svg');
  const targets = await poll(
    async () => {
      const { items } = await api.list('/api/audit?limit=200', adminKey);
      const found = items
        .filter(({ action }) => String(action).startsWith('GET /admin/queues'))
        .map(({ target }) => target);
      return found.includes('api/queues/inbound-messages/none') && found;
    },
    { what: 'the line in the audit log' },
  );
  // A minute may begin among the three.
  expect(targets.filter((target) => target === 'api/queues/inbound-messages/none').length).toBeLessThan(3);
  expect(targets.filter((target) => String(target).startsWith('static/'))).toEqual([]);
});

test('while Redis is away the board is 503 at once, its files are served, and it comes back by itself', async () => {
  await api.redis.stop();
  for (const path of ['', '/api/queues', '/api/queues/inbound-messages/1-1', '/api/redis/stats']) {
    const answer = await look(path);
    expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
      path,
      503,
      'application/problem+json',
    ]);
    expect(await answer.json()).toMatchObject({ code: 'QUEUES_UNAVAILABLE' });
  }
  expect((await look('/static/images/logo.svg')).status).toBe(200);
  await api.redis.start();
  await poll(async () => (await look('/api/queues')).status === 200, { what: 'the board to be back' });
  expect((await readBoard())[0]?.counts['failed']).toBe(1);
});

test('a Redis that does not answer is 503 too, and so is one that goes under way', async () => {
  api.redis.freeze();
  try {
    expect((await look('/api/queues')).status).toBe(503);
    const underWay = Promise.all(
      ['/api/queues', '/api/redis/stats', '/api/queues?activeQueue=inbound-messages'].map(look),
    );
    await api.redis.kill();
    expect((await underWay).map(({ status }) => status)).toEqual([503, 503, 503]);
  } finally {
    await api.redis.start();
  }
  await poll(async () => (await look('/api/queues')).status === 200, { what: 'the board to be back' });
});

test('a Redis that was away at the first look is 503, and the board is there once Redis is', async () => {
  await using fresh = await startTestApi();
  await fresh.redis.stop();
  await poll(async () => (await fresh.get('/api/queues', adminKey)).status === 503, {
    what: 'Redis to be missed',
  });
  const away = await fresh.get('/admin/queues', adminKey);
  expect([away.status, await away.json()]).toMatchObject([503, { code: 'QUEUES_UNAVAILABLE' }]);
  await fresh.redis.start();
  await poll(async () => (await fresh.get('/admin/queues', adminKey)).status === 200, { what: 'the board' });
});
