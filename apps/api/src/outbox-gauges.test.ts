import type { Queryable } from '@prosaas/database';
import { MetricsRegistry } from '@prosaas/observability';
import { catalogue } from '@prosaas/telemetry';
import { expect, test } from 'vitest';
import { startOutboxGauges } from './outbox-gauges.ts';

test('the outbox is measured again and again, and is not known while the database is away', async () => {
  let answer: () => Promise<unknown[]> = () => new Promise(() => {});
  const db = { query: () => answer() } as Queryable;
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
