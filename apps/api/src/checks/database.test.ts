import type { CheckReport } from '@prosaas/observability';
import { expect, test } from 'vitest';
import { databaseCheck } from './database.ts';

const signal = new AbortController().signal;

test('a pool that gets no connection is a warning at first, then a failure, and fine when it gets one', async () => {
  let trouble = true;
  let retries = 0;
  const check = databaseCheck({
    probe: { ping: async () => undefined },
    pool: { inTrouble: () => trouble, retry: () => void retries++ },
    address: 'db:5432/prosaas',
  });
  const run = async (): Promise<CheckReport | void> => check.run(signal);
  const warning = { status: 'warn', reason: 'no_connection' };
  expect(await run()).toMatchObject(warning);
  expect(await run()).toMatchObject(warning);
  await expect(run()).rejects.toMatchObject({ reason: 'no_connection' });
  expect(retries).toBe(3);
  trouble = false;
  expect(await run()).toEqual({});
  trouble = true;
  expect(await run()).toMatchObject(warning);
});

test('a database that does not answer is told with its address, for those who may see it', async () => {
  const check = databaseCheck({
    probe: {
      ping: async () => {
        throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      },
    },
    pool: { inTrouble: () => false, retry: () => undefined },
    address: 'db:5432/prosaas',
  });
  await expect(check.run(signal)).rejects.toMatchObject({
    reason: 'refused',
    facts: {},
    detail: { address: 'db:5432/prosaas' },
  });
});
