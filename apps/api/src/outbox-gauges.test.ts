import type { Queryable } from '@prosaas/database';
import { MetricsRegistry } from '@prosaas/observability';
import { catalogue } from '@prosaas/telemetry';
import { expect, test } from 'vitest';
import { startOutboxGauges } from './outbox-gauges.ts';

test('the outbox is measured again and again, and is not known while the database is away', async () => {
  let answer: () => Promise<unknown[]> = () => new Promise(() => {});
  const db = {
    query: (sql: string) => (sql.includes('to_regclass') ? Promise.resolve([{ found: true }]) : answer()),
  } as Queryable;
  const metrics = new MetricsRegistry(catalogue);
  const shown = (): number[] => [...metrics.collect().values];
  const backlog = async (): Promise<unknown[]> => [{ waiting: 3, oldest_age_seconds: 1.5 }];

  using hanging = startOutboxGauges({ db, metrics, everyMs: 5 });
  expect(shown()).toEqual([Number.NaN, Number.NaN]);
  hanging[Symbol.dispose]();

  answer = backlog;
  using gauges = startOutboxGauges({ db, metrics, everyMs: 5 });
  await expect.poll(shown).toEqual([3, 1.5]);
  answer = () => Promise.reject(new Error('away'));
  await expect.poll(shown).toEqual([Number.NaN, Number.NaN]);
  answer = backlog;
  await expect.poll(shown).toEqual([3, 1.5]);
  answer = () => new Promise(() => {});
  await expect.poll(shown, { timeout: 5000 }).toEqual([Number.NaN, Number.NaN]);
  gauges[Symbol.dispose]();
});

test('the outbox is not asked for before the migrations have made it', async () => {
  let found = false;
  const asked: string[] = [];
  const db = {
    query: async (sql: string) => {
      asked.push(sql);
      return [{ found, waiting: 0, oldest_age_seconds: 0 }];
    },
  } as unknown as Queryable;
  const metrics = new MetricsRegistry(catalogue);
  using gauges = startOutboxGauges({ db, metrics, everyMs: 5 });
  await expect.poll(() => asked.length).toBeGreaterThan(3);
  expect(asked.filter((sql) => sql.includes('from outbox'))).toEqual([]);
  found = true;
  await expect.poll(() => [...metrics.collect().values]).toEqual([0, 0]);
  gauges[Symbol.dispose]();
});
