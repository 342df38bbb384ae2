import type { Stack } from '@prosaas/devstack';
import { catalogue } from '@prosaas/telemetry';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, ask, bearer } from './support/ask.ts';
import { isStatus, outputOf, startQuickStack, until } from './support/stack.ts';
import { codeOf, readTable } from './support/tables.ts';

const tokens = ['first-token-of-two', 'second-token-of-two'] as const;
/** The business metrics, which are the ones with a name in /metrics.json. */
const table = readTable('metrics.md', 'All metrics')
  .map((row) => ({ name: codeOf(row['`/metrics.json`'] ?? ''), type: row['type']?.split(',')[0] ?? '' }))
  .filter(({ name }) => name !== '');
const counters = table.filter(({ type }) => type === 'counter').map(({ name }) => name);
const gauges = table.filter(({ type }) => type === 'gauge').map(({ name }) => name);

let stack: Stack;
let url: string;

beforeAll(async () => {
  stack = await startQuickStack({ env: { METRICS_TOKEN: tokens.join(',') } });
  url = `${stack.url.api}/metrics.json`;
});
afterAll(() => stack[Symbol.asyncDispose]());

const read = (query = ''): Promise<Answer> => ask(`${url}${query}`, bearer(tokens[0]));

test('the table lists exactly the metrics of the code', () => {
  const known = Object.entries(catalogue).map(([name, { type }]) => ({ name, type }));
  expect(known).toEqual(expect.arrayContaining(table));
  expect(table).toHaveLength(12);
});

test('the body has the four keys and all twelve metrics, zero before their first event', async () => {
  const { status, type, headers, body } = await read();
  expect(status).toBe(200);
  expect(type).toBe('application/json; charset=utf-8');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(Object.keys(body ?? {})).toEqual(['uptime_seconds', 'counters', 'gauges', 'timestamp']);
  expect(body?.['counters']).toEqual(Object.fromEntries(counters.map((name) => [name, 0])));
  expect(body?.['gauges']).toEqual(Object.fromEntries(gauges.map((name) => [name, 0])));
});

test('timestamp and uptime are seconds with a fraction', async () => {
  const { body } = await read();
  const { timestamp, uptime_seconds: uptime } = body as { timestamp: number; uptime_seconds: number };
  expect(Math.abs(timestamp - Date.now() / 1000)).toBeLessThan(5);
  expect(timestamp % 1).not.toBe(0);
  expect(uptime).toBeGreaterThan(0);
  expect(uptime % 1).not.toBe(0);
});

/** Waits for the worker's heartbeat. */
const isWorking = ({ labels }: Record<string, unknown>): boolean =>
  JSON.stringify(labels).includes('{"labels":{"state":"live"},"value":1}');

test('?verbose adds the sources, whether they are complete, since when they count, and labels', async () => {
  const answer = await until(`${url}?verbose`, ({ body }) => body?.['complete'] === true && isWorking(body), {
    init: bearer(tokens[0]),
  });
  const { sources, since, labels } = answer.body as Record<string, unknown>;
  expect(Object.keys(answer.body ?? {})).toEqual([
    'uptime_seconds',
    'counters',
    'gauges',
    'timestamp',
    'sources',
    'complete',
    'since',
    'labels',
  ]);
  const named = (sources as { service: string; instance: string; age_seconds: number }[]).map(
    ({ service, instance, age_seconds: age }) => [service, instance.startsWith(`${service}:`), age < 3],
  );
  expect(named.toSorted(([a], [b]) => String(a).localeCompare(String(b)))).toEqual([
    ['api', true, true],
    ['baileys', true, true],
    ['calls', true, true],
    ['worker', true, true],
  ]);
  expect(Number.isFinite(Date.parse(String(since))) || typeof since === 'number').toBe(true);
  const byState = (labels as Record<string, { labels: unknown; value: number }[]>)['workers'];
  expect(byState).toContainEqual({ labels: { state: 'live' }, value: 1 });
});

test('accepts both tokens, in the header and in the query, and answers HEAD as GET', async () => {
  for (const token of tokens) {
    expect((await ask(url, bearer(token))).status).toBe(200);
    expect((await ask(`${url}?token=${token}`)).status).toBe(200);
    const head = await ask(url, { ...bearer(token), method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
  }
});

describe('without a valid token', () => {
  test.each([
    ['none', '', {}],
    ['a wrong one', '', { authorization: 'Bearer wrong' }],
    ['both in one', '', { authorization: `Bearer ${tokens.join(',')}` }],
    ['the beginning of one', '', { authorization: `Bearer ${tokens[0].slice(0, -1)}` }],
    ['an empty one', '', { authorization: 'Bearer ' }],
    ['another scheme', '', { authorization: `Token ${tokens[0]}` }],
    ['a wrong one in the query', '?token=wrong', {}],
    ['an empty one in the query', '?token=', {}],
    ['a right one twice in the query', `?token=${tokens[0]}&token=${tokens[0]}`, {}],
  ])('%s is 401', async (_name, query, headers) => {
    const answer = await ask(`${url}${query}`, { headers: headers as Record<string, string> });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.type).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(answer.text).not.toContain(tokens[0]);
  });

  test('answers another method with 405', async () => {
    const answer = await ask(url, { method: 'POST' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

test('no token reaches a log line', async () => {
  await ask(`${stack.url.api}/nowhere?token=${tokens[0]}`);
  await ask(`${stack.url.api}/api/conversations?token=${tokens[1]}`);
  await ask(`${stack.url.baileys}/api/sessions?token=${tokens[1]}`, bearer(tokens[0]));
  const output = outputOf(stack);
  expect(output).toContain('/nowhere');
  for (const secret of [...tokens, stack.keys.adminKey, stack.keys.apiKey, stack.keys.internalSecret]) {
    expect(output).not.toContain(secret);
  }
});

describe('without Redis', () => {
  test('serves the last totals and marks them as incomplete', async () => {
    await stack.redis?.stop();
    const answer = await until(`${url}?verbose`, ({ body }) => body?.['complete'] === false, {
      init: bearer(tokens[0]),
    });
    expect(answer.status).toBe(200);
    expect(answer.body?.['counters']).toEqual(Object.fromEntries(counters.map((name) => [name, 0])));
  });

  test('an api that never had totals answers 503, not zeros, until Redis is back', async () => {
    await stack.services.api.restart();
    const answer = await until(url, isStatus(503), { init: bearer(tokens[0]) });
    expect(answer.type).toMatch(/^application\/problem\+json/);
    expect(answer.body).not.toHaveProperty('counters');
    expect((await ask(`${stack.url.api}/api/health`)).status).toBeLessThan(504);
    await stack.redis?.start();
    await until(url, isStatus(200), { init: bearer(tokens[0]) });
    await until(`${url}?verbose`, ({ body }) => body?.['complete'] === true, { init: bearer(tokens[0]) });
  });
});
