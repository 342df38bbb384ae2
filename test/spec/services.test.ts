import { type Stack, poll, serviceNames } from '@prosaas/devstack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logLines, startQuickStack } from './support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startQuickStack();
});
afterAll(() => stack?.[Symbol.asyncDispose]());

async function ask<T>(path: string, body?: object): Promise<T> {
  const response = await fetch(`${stack.url.api}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'x-api-key': stack.keys.adminKey, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return (await response.json()) as T;
}

interface Loggers {
  loggers: Record<string, { replicas: { applied: boolean; level: string }[] }>;
}

const untilAll = (level: string): Promise<Loggers | undefined> =>
  poll(
    async () => {
      const answer = await ask<Loggers>('/api/loggers');
      const states = Object.values(answer.loggers).map(({ replicas }) => replicas);
      const areAt = (replicas: (typeof states)[number]): boolean =>
        replicas.length === 1 && replicas.every((one) => one.applied && one.level === level);
      return states.length === 4 && states.every(areAt) ? answer : undefined;
    },
    { timeoutMs: 30_000, what: `all services at ${level}` },
  );

test('lists all four services as live, with their facts', async () => {
  interface Item extends Record<string, unknown> {
    heartbeat: { failing: object } | null;
  }
  const items = await poll(
    async () => {
      const found = (await ask<{ items: Item[] }>('/api/services')).items;
      return found.length === 4 && found.some(({ heartbeat }) => heartbeat) && found;
    },
    { timeoutMs: 30_000, what: 'four replicas and a heartbeat' },
  );
  expect(items.map(({ service, state }) => `${String(service)} ${String(state)}`)).toEqual(
    serviceNames.toSorted().map((name) => `${name} live`),
  );
  for (const item of items) {
    expect(item).toMatchObject({ version: expect.any(String), log_level: expect.any(String) });
    expect(Number(item['uptime_seconds'])).toBeGreaterThan(0);
  }
  expect(items.find(({ service }) => service === 'worker')?.heartbeat?.failing).toEqual({});
});

test('all four services apply a log level and report it', async () => {
  for (const name of serviceNames) {
    // oxlint-disable-next-line no-await-in-loop
    await ask(`/api/loggers/${name}`, { configuredLevel: 'DEBUG' });
  }
  await untilAll('DEBUG');
  for (const name of serviceNames) {
    // oxlint-disable-next-line no-await-in-loop
    await ask(`/api/loggers/${name}`, { configuredLevel: null });
  }
  await poll(
    () =>
      serviceNames.every((name) => {
        const lines = logLines(stack.services[name].output()).filter(
          (line) => line['log_level'] !== undefined,
        );
        return lines.length === 2 && lines[0]?.['log_level'] === 'DEBUG' && lines[1]?.['was'] === 'DEBUG';
      }),
    { timeoutMs: 30_000, what: 'a line for the change and one for its end in each service' },
  );
  const { items } = await ask<{ items: { action: string; target: string }[] }>('/api/audit');
  expect(items).toContainEqual(
    expect.objectContaining({ action: 'POST /api/loggers/:service', target: 'worker: DEBUG, 30 min' }),
  );
});
