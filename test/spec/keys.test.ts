import { createDatabase, readGeneratedKeys } from '@prosaas/database';
import type { Stack } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, bearer } from './support/ask.ts';
import { runSource } from './support/process.ts';
import { isStatus, outputOf, startQuickStack, until } from './support/stack.ts';

const names = ['ADMIN_KEY', 'API_KEY', 'INTERNAL_SECRET', 'METRICS_TOKEN'];

let stack: Stack;
let generated: Map<string, string>;

const key = (name: string): string => generated.get(name) ?? '';

beforeAll(async () => {
  stack = await startQuickStack({
    services: ['api', 'baileys', 'calls'],
    env: { API_KEY: '', ADMIN_KEY: '', METRICS_TOKEN: '', INTERNAL_SECRET: '' },
  });
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  await using db = createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'test', log });
  generated = await readGeneratedKeys(db);
});
afterAll(() => stack[Symbol.asyncDispose]());

test('generates a long key of its own for each setting that is empty', () => {
  expect([...generated.keys()].toSorted()).toEqual(names);
  for (const value of generated.values()) expect(value).toMatch(/^[\w-]{40,}$/);
  expect(new Set(generated.values()).size).toBe(names.length);
});

test('the generated keys are valid in all services', async () => {
  await until(`${stack.url.baileys}/api/sessions`, isStatus(200), {
    init: { headers: { 'x-api-key': key('API_KEY') } },
  });
  expect((await ask(`${stack.url.api}/metrics.json`, bearer(key('METRICS_TOKEN')))).status).toBe(200);
  expect((await ask(`${stack.url.api}/metrics.json?token=${key('METRICS_TOKEN')}`)).status).toBe(200);
  for (const name of ['API_KEY', 'ADMIN_KEY']) {
    const headers = { 'x-api-key': key(name) };
    expect((await ask(`${stack.url.api}/api/conversations`, { headers })).status).toBe(200);
    expect((await ask(`${stack.url.baileys}/api/sessions`, { headers })).status).toBe(200);
  }
});

test('rejects empty and well-known keys', async () => {
  for (const candidate of [
    '',
    'changeme',
    'change-me',
    'secret',
    'admin',
    'token',
    'test',
    'undefined',
    'null',
  ]) {
    expect((await ask(`${stack.url.api}/metrics.json?token=${candidate}`)).status).toBe(401);
    expect((await ask(`${stack.url.api}/api/jobs`, { headers: { 'x-api-key': candidate } })).status).toBe(
      401,
    );
  }
});

test('logs which keys were generated and how to read them, but never their values', async () => {
  const output = stack.services.api.output();
  for (const name of names) expect(output).toContain(name);
  expect(output).toContain('"command":"npm run keys"');
  expect(outputOf(stack).match(/keys that are not set were generated/g)).toHaveLength(1);
  for (const value of generated.values()) expect(outputOf(stack)).not.toContain(value);
});

test('keeps the keys across a restart', async () => {
  await stack.services.api.restart();
  await until(`${stack.url.api}/metrics.json`, isStatus(200), { init: bearer(key('METRICS_TOKEN')) });
});

test('answers 503 until the database was reached', async () => {
  await stack.postgres?.stop();
  await stack.services.api.restart();
  const closed = await until(`${stack.url.api}/metrics.json`, isStatus(503), {
    init: bearer(key('METRICS_TOKEN')),
  });
  expect(closed.body).toMatchObject({ code: 'KEYS_NOT_LOADED' });
  expect((await ask(`${stack.url.api}/readyz`, bearer(key('METRICS_TOKEN')))).text).not.toContain(
    '127.0.0.1',
  );
  await stack.postgres?.start();
  await until(`${stack.url.api}/metrics.json`, isStatus(200), { init: bearer(key('METRICS_TOKEN')) });
});

test('the command prints all generated keys in force, or one of them', async () => {
  const env = { DATABASE_URL: stack.databaseUrl };
  const all = await runSource('apps/api/src/keys.ts', { env });
  expect(all.code).toBe(0);
  expect(all.stdout.trim().split('\n').toSorted()).toEqual(names.map((name) => `${name}=${key(name)}`));
  const one = await runSource('apps/api/src/keys.ts', { env, args: ['ADMIN_KEY'] });
  expect(one.stdout).toBe(`${key('ADMIN_KEY')}\n`);
  const set = await runSource('apps/api/src/keys.ts', {
    env: { ...env, ADMIN_KEY: 'a-key-of-the-operator' },
    args: ['ADMIN_KEY'],
  });
  expect([set.code, set.stdout]).toEqual([1, '']);
  const away = await runSource('apps/api/src/keys.ts', {
    env: { DATABASE_URL: 'postgres://a@127.0.0.1:9/b' },
  });
  expect([away.code, away.stderr]).toEqual([
    1,
    expect.stringMatching(/^The keys cannot be read: .*ECONNREFUSED.* \(PostgreSQL at 127\.0\.0\.1:9\/b\)/),
  ]);
  expect(all.stderr).toBe('');
});

test('the command says where it looks if nothing is set', async () => {
  const { stderr } = await runSource('apps/api/src/keys.ts', { env: {} });
  expect(stderr).toMatch(
    /^DATABASE_URL is not set, and no npm start runs here: looking at localhost:5432\/prosaas\.$/m,
  );
});
