import { type ServiceName, type Stack, freePort, poll, serviceNames } from '@prosaas/devstack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { runSource, startSource } from './support/process.ts';
import { isStatus, logLines, startQuickStack, until } from './support/stack.ts';

const mainOf = (name: ServiceName): string => `apps/${name}/src/main.ts`;

describe.each(serviceNames)('%s', (name) => {
  test('reports all faults of its environment at once, with the valid log levels, and exits with 1', async () => {
    const faults: Record<string, string> = {
      LOG_LEVEL: 'LOUD',
      LOG_PRETTY: 'perhaps',
      REDIS_URL: 'http://localhost',
      REDIS_NAMESPACE: 'a b',
      DATABASE_URL: 'localhost:5432',
      DRAIN_SECONDS: '-1',
      BUILD_NUMBER: 'new',
      API_KEY_FILE: '/nonexistent/key',
      ...own[name],
    };
    const { code, stdout, stderr } = await runSource(mainOf(name), { env: faults });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    for (const variable of Object.keys(faults)) expect(stderr).toContain(variable);
    expect(stderr.trim().split('\n')).toHaveLength(1 + Object.keys(faults).length);
    expect(stderr).toMatch(/LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL.*"LOUD"/);
  });
});

const own: Record<ServiceName, Record<string, string>> = {
  api: { API_PORT: '70000', READYZ_REQUIRE: 'everything', BAILEYS_URL: 'baileys', WORKERS_EXPECTED: 'x' },
  calls: { CALLS_PORT: 'x', PUBLIC_URL: 'here', MAX_CONCURRENT_CALLS: '-1' },
  worker: { WORKER_HEARTBEAT_SECONDS: 'often', BAILEYS_URL: 'ftp://x' },
  baileys: { BAILEYS_PORT: '1.5', WHATSAPP_WS_URL: 'http://x' },
};

test('an empty variable counts as unset', async () => {
  const { stderr } = await runSource(mainOf('api'), {
    env: { LOG_LEVEL: '', API_PORT: '', DRAIN_SECONDS: 'x' },
  });
  expect(stderr.trim().split('\n').slice(1)).toEqual([expect.stringContaining('DRAIN_SECONDS')]);
});

const ranks = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
// Causes a line at each level.
const nowhere = {
  DRAIN_SECONDS: '0',
  DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
  REDIS_URL: 'redis://127.0.0.1:9/0',
  // This setting causes a warning.
  API_KEY: 'the-same-in-two-places',
  METRICS_TOKEN: 'the-same-in-two-places',
};

test.each([
  ['DEBUG', 'debug'],
  ['Info', 'info'],
  ['warning', 'warn'],
  ['CRITICAL', 'fatal'],
])('LOG_LEVEL=%s starts, and prints nothing below %s', async (level, lowest) => {
  const port = String(await freePort());
  const service = startSource(mainOf('api'), { env: { ...nowhere, API_PORT: port, LOG_LEVEL: level } });
  const seen = (): Set<string> => new Set(logLines(whole(service.stdout())).map((line) => line.level));
  const allowed = ranks.slice(ranks.indexOf(lowest));
  await until(`http://127.0.0.1:${port}/livez`, isStatus(200), { timeoutMs: 25_000 });
  // At the levels that include warnings, there is one.
  await poll(() => seen().has('warn') === allowed.includes('warn'), { what: 'a warning' });
  service.stop();
  const { code, stderr } = await service.ended;
  expect([code, stderr]).toEqual([0, '']);
  for (const one of seen()) expect(allowed).toContain(one);
  for (const one of ['debug', 'info', 'warn'])
    expect([one, seen().has(one)]).toEqual([one, allowed.includes(one)]);
});

/** The complete lines: a last line without its end is left out. */
function whole(output: string): string {
  return output.slice(0, output.lastIndexOf('\n') + 1);
}

describe('every line of a running stack', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startQuickStack({ env: { LOG_LEVEL: 'DEBUG' } });
    await ask(`${stack.url.api}/nowhere`, { headers: { 'x-request-id': 'walk-1' } });
    await ask(`${stack.url.baileys}/nowhere`, { headers: { 'x-request-id': 'walk 2 is not sane' } });
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  test('is JSON with level as a word, ISO time, service and instance', () => {
    for (const name of serviceNames) {
      const lines = logLines(stack.services[name].output());
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        expect(ranks).toContain(line.level);
        expect(new Date(line.time).toISOString()).toBe(line.time);
        expect(line.service).toBe(name);
        expect(line.instance).toMatch(new RegExp(`^${name}:.+:[0-9a-f]{8}$`));
      }
    }
  });

  test("about a request has its id: the sender's own if it is valid", async () => {
    const line = () => logLines(stack.services.api.output()).find((one) => one['path'] === '/nowhere');
    await until(`${stack.url.api}/livez`, () => line() !== undefined);
    expect(line()).toMatchObject({ request_id: 'walk-1', method: 'GET', status: 404 });
    const other = logLines(stack.services.baileys.output()).find((one) => one['path'] === '/nowhere');
    expect(other?.['request_id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('is not about a passing probe', async () => {
    for (const path of [
      '/healthz',
      '/livez',
      '/readyz',
      '/version',
      '/api/health',
      '/warmup',
      '/health/whatsapp',
    ]) {
      await ask(`${stack.url.api}${path}`);
    }
    await ask(`${stack.url.api}/nowhere/else`);
    const seen = () => logLines(stack.services.api.output()).filter((one) => one['path'] !== undefined);
    await until(`${stack.url.api}/livez`, () => seen().some((one) => one['path'] === '/nowhere/else'));
    for (const line of seen()) expect([line['path'], line['status']]).not.toEqual([line['path'], 200]);
  });
});
