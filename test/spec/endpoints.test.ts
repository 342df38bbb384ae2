import type { Stack } from '@prosaas/devstack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, bearer } from './support/ask.ts';
import { startQuickStack } from './support/stack.ts';
import { codeOf, readTable } from './support/tables.ts';

interface Endpoint {
  service: 'api' | 'calls' | 'baileys';
  path: string;
  /** The exact body, or its beginning up to an ellipsis. */
  body: string;
}

const endpoints: Endpoint[] = readTable('observability.md', 'Health endpoints').map((row) => ({
  service: row['service'] as Endpoint['service'],
  path: codeOf(row['endpoint'] ?? ''),
  body: codeOf(row['body on success'] ?? ''),
}));

let stack: Stack;

beforeAll(async () => {
  stack = await startQuickStack({
    env: { BUILD_NUMBER: '59', GIT_COMMIT: 'abc1234', BUILT_AT: '2026-01-02T03:04:05Z' },
  });
});
afterAll(() => stack[Symbol.asyncDispose]());

const urlOf = ({ service, path }: Pick<Endpoint, 'service' | 'path'>): string =>
  `${stack.url[service]}${path}`;

test('the table names each endpoint of the spec', () => {
  const named = endpoints.map(({ service, path }) => `${service} ${path}`);
  expect(named).toEqual(
    expect.arrayContaining([
      'api /api/health',
      'api /healthz',
      'api /readyz',
      'api /livez',
      'api /version',
      'api /warmup',
      'api /health/whatsapp',
      'api /health/agentkit',
      'calls /health',
      'baileys /health',
    ]),
  );
});

describe.each(endpoints)('$service $path', (endpoint) => {
  test('answers 200 with the body of the table', async () => {
    const answer = await ask(urlOf(endpoint));
    expect(answer.text).toMatch(patternOf(endpoint.body));
    expect(answer.status).toBe(200);
    const type = endpoint.body.startsWith('{')
      ? 'application/json; charset=utf-8'
      : 'text/plain; charset=utf-8';
    expect(answer.type).toBe(type);
  });

  test('answers the same with a trailing slash', async () => {
    const answer = await ask(`${urlOf(endpoint)}/`);
    expect(answer.text).toMatch(patternOf(endpoint.body));
    expect(answer.status).toBe(200);
  });

  test('forbids caching and sniffing', async () => {
    const { headers } = await ask(urlOf(endpoint));
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('answers HEAD as GET without a body', async () => {
    const [get, head] = await Promise.all([ask(urlOf(endpoint)), ask(urlOf(endpoint), { method: 'HEAD' })]);
    expect(head.text).toBe('');
    expect(head.status).toBe(200);
    for (const name of ['content-type', 'cache-control', 'content-length']) {
      expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)]);
    }
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    'answers %s 405 with Allow',
    async (method) => {
      const answer = await ask(urlOf(endpoint), { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('GET, HEAD');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.type).toMatch(/^application\/problem\+json/);
      const request_id = answer.headers.get('x-request-id');
      expect(answer.body).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED', request_id });
    },
  );
});

const probes = endpoints.filter(({ path }) => path !== '/version');

describe.each(probes)('$service $path in its other forms', (endpoint) => {
  test('?verbose prints a line for each check and a closing line', async () => {
    const answer = await ask(`${urlOf(endpoint)}?verbose`);
    expect(answer.status).toBe(200);
    expect(answer.type).toBe('text/plain; charset=utf-8');
    const lines = answer.text.trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(/^\w+ check passed$/);
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^\[[+-]\]\w+ (ok|warning|failed)/);
  });

  test('returns the draft format for application/health+json', async () => {
    const answer = await ask(urlOf(endpoint), { headers: { accept: 'application/health+json' } });
    expect(answer.status).toBe(200);
    expect(answer.type).toMatch(/^application\/health\+json/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body?.['status']).toMatch(/^(pass|warn)$/);
    const checks = Object.values((answer.body?.['checks'] ?? {}) as Record<string, unknown[]>);
    for (const check of checks.flat()) {
      expect(check).toMatchObject({ componentType: expect.any(String), status: expect.any(String) });
      expect(Date.parse((check as { time: string }).time)).not.toBeNaN();
    }
  });
});

test('health+json names the measurements of PostgreSQL as the draft does', async () => {
  const answer = await ask(urlOf({ service: 'api', path: '/api/health' }), {
    headers: { accept: 'application/health+json' },
  });
  const checks = answer.body?.['checks'] as Record<string, unknown>;
  expect(checks['postgres:responseTime']).toEqual([
    {
      componentType: 'datastore',
      observedValue: expect.any(Number),
      observedUnit: 'ms',
      status: 'pass',
      time: expect.any(String),
    },
  ]);
});

test('readyz shows required and other checks', async () => {
  const { body } = await ask(urlOf({ service: 'api', path: '/readyz' }));
  expect(body).toMatchObject({
    ready: true,
    checks: {
      database: { status: 'pass' },
      baileys: { status: 'pass' },
      redis: { status: 'pass' },
      workers: { status: 'pass', live: 1 },
      sessions: { status: 'pass', total: 0, working: 0 },
      agent: { status: 'pass' },
    },
  });
  expect(Object.keys(body?.['checks'] ?? {}).slice(0, 2)).toEqual(['database', 'baileys']);
});

test('version returns the build', async () => {
  for (const service of ['api', 'calls', 'baileys'] as const) {
    const { body } = await ask(urlOf({ service, path: '/version' }));
    expect(body).toEqual({
      build: 59,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      commit: 'abc1234',
      built_at: '2026-01-02T03:04:05Z',
      node: process.versions.node,
    });
  }
});

test('whatsapp health covers the service, its sessions and the agent', async () => {
  const { body } = await ask(urlOf({ service: 'api', path: '/health/whatsapp' }));
  expect(body).toMatchObject({
    status: 'ok',
    baileys: { status: 'pass', sessions: { status: 'pass', total: 0, working: 0 } },
    agentkit: { status: 'pass', replicas: 2, cold: 0 },
  });
});

test('addresses and versions of dependencies are shown only with a token', async () => {
  const open = await ask(urlOf({ service: 'api', path: '/readyz' }));
  expect(open.text).not.toContain(stack.url.baileys);
  const seen = await Promise.all([
    ask(urlOf({ service: 'api', path: '/readyz' }), bearer(stack.keys.metricsToken)),
    ask(urlOf({ service: 'api', path: `/readyz?token=${stack.keys.metricsToken}` })),
    ask(urlOf({ service: 'api', path: '/readyz' }), bearer(stack.keys.adminKey)),
  ]);
  for (const answer of seen) expect(answer.text).toContain(stack.url.baileys);
  const wrong = await ask(urlOf({ service: 'api', path: '/readyz' }), bearer('wrong'));
  expect(wrong.status).toBe(200);
  expect(wrong.text).not.toContain(stack.url.baileys);
});

test('answers an unknown path with 404 problem+json that repeats nothing of the request', async () => {
  for (const service of ['api', 'calls', 'baileys'] as const) {
    const answer = await ask(`${stack.url[service]}/nowhere?token=${stack.keys.metricsToken}`);
    expect(answer.status).toBe(404);
    expect(answer.type).toMatch(/^application\/problem\+json/);
    expect(answer.text).not.toContain(stack.keys.metricsToken);
    expect(answer.text).not.toContain('nowhere');
  }
});

/** `{"ready":true,...}` is the beginning of a body; `{...}` inside stands for any object. */
function patternOf(text: string): RegExp {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = escaped.replace(/,\\\.\\\.\\\.\\\}$/, ',.+\\}').replaceAll('\\{\\.\\.\\.\\}', '\\{.*\\}');
  return new RegExp(`^${pattern}$`);
}
