import { WriteFailures } from '@prosaas/database';
import type { CheckReport } from '@prosaas/observability';
import { expect, test } from 'vitest';
import { apiDatabaseCheck } from './database.ts';
import type { FailedWrites } from './failed-writes.ts';

const signal = new AbortController().signal;
const probe = { ping: async () => Date.now(), write: async () => undefined };
const address = 'db:5432/prosaas';

test('warns, then fails while the pool gets no connection, and passes when it gets one', async () => {
  let isUnavailable = true;
  let retries = 0;
  const check = apiDatabaseCheck({
    probe,
    pool: {
      isUnavailable: () => isUnavailable,
      retry: () => void retries++,
      writeFailures: new WriteFailures(),
    },
    failedWrites: () => undefined,
    address,
  });
  const run = async (): Promise<CheckReport | void> => check.run(signal);
  const warning = { status: 'warn', reason: 'no_connection' };
  expect(await run()).toMatchObject(warning);
  expect(await run()).toMatchObject(warning);
  await expect(run()).rejects.toMatchObject({ reason: 'no_connection' });
  expect(retries).toBe(3);
  isUnavailable = false;
  expect(await run()).toEqual({});
  isUnavailable = true;
  expect(await run()).toMatchObject(warning);
});

test('fails after a failed write in another service, and names the service', async () => {
  let failed: FailedWrites | undefined = { reason: 'disk_full', services: ['baileys', 'worker'] };
  const check = apiDatabaseCheck({
    probe,
    pool: { isUnavailable: () => false, retry: () => undefined, writeFailures: new WriteFailures() },
    failedWrites: () => failed,
    address,
  });
  const run = async (): Promise<CheckReport | void> => check.run(signal);
  await expect(run()).rejects.toMatchObject({
    reason: 'disk_full',
    facts: { services: ['baileys', 'worker'] },
  });
  failed = { reason: 'permission_denied', services: ['calls'] };
  expect(await run()).toMatchObject({
    status: 'warn',
    reason: 'permission_denied',
    facts: { services: ['calls'] },
  });
  failed = undefined;
  expect(await run()).toEqual({});
});
