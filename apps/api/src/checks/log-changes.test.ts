import { CheckFailure, type CheckResult, HealthRegistry } from '@prosaas/observability';
import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { logChanges } from './log-changes.ts';

test('logs when a check fails and when it passes again, but not before its first pass', async () => {
  const lines: { level: string; msg: string; error?: string }[] = [];
  const log = createLogger({
    service: 'api',
    instance: 'test',
    level: 'info',
    destination: { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
  });
  await using health = new HealthRegistry({ intervalMs: 20 });
  let now: Pick<CheckResult, 'status' | 'reason'> = { status: 'fail', reason: 'not_ready' };
  let runs = 0;
  health.register({
    name: 'redis',
    componentType: 'datastore',
    run: () => {
      runs += 1;
      if (now.status === 'fail') throw new CheckFailure(now.reason ?? 'error');
      return now.status === 'pass' ? {} : { status: 'warn' as const, reason: now.reason ?? '' };
    },
  });
  const changes = logChanges(health, log);
  const becomes = async (status: 'pass' | 'warn' | 'fail', reason?: string): Promise<void> => {
    now = reason === undefined ? { status } : { status, reason };
    const seen = runs;
    await expect.poll(() => runs).toBeGreaterThan(seen + 1);
  };
  health.start();
  await becomes('warn', 'unserved');
  await becomes('pass');
  expect(lines).toEqual([]);
  await becomes('fail', 'out_of_memory');
  await expect
    .poll(() => lines, { timeout: 5000 })
    .toMatchObject([{ level: 'warn', msg: 'the health check redis fails', reason: 'out_of_memory' }]);
  await becomes('pass');
  expect(lines.slice(1)).toMatchObject([{ level: 'info', msg: 'the health check redis no longer fails' }]);
  changes[Symbol.dispose]();
});
