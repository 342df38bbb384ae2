import { type Stack, poll, startStack } from '@prosaas/devstack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logLines, startQuickStack } from './support/stack.ts';

const unset = { API_KEY: '', ADMIN_KEY: '', METRICS_TOKEN: '', INTERNAL_SECRET: '' };
const others = ['calls', 'worker', 'baileys'] as const;
let waiting: Stack;
let api: Stack;

beforeAll(async () => {
  waiting = await startQuickStack({ services: others, env: unset, wait: false });
});
afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await waiting?.[Symbol.asyncDispose]();
});

test('a first start does not query a table that does not exist yet', async () => {
  for (const name of others) {
    await poll(() => logLines(waiting.services[name].output()).some(isWait), { what: `${name}'s wait` });
  }
  api = await startStack({
    services: ['api'],
    env: { DRAIN_SECONDS: '0', ...unset, BAILEYS_URL: waiting.url.baileys },
    databaseUrl: waiting.databaseUrl,
    redisUrl: waiting.redisUrl,
  });
  await Promise.all(others.map((name) => waiting.services[name].ready()));
  const lines = waiting.postgres?.output().split('\n') ?? [];
  expect(lines.filter((line) => /\b(?:ERROR|PANIC|STATEMENT):/.test(line))).toEqual([]);
});

const isWait = ({ msg }: { msg: string }): boolean => msg === 'waiting for the api to prepare the database';
