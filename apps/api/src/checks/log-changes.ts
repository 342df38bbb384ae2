import type { HealthRegistry } from '@prosaas/observability';
import { type Logger, outageLog } from '@prosaas/runtime';

/** Delay of the first line at a start. The service logs after 5 s what it waits for; a check that still fails later has another cause. */
const START_MS = 20_000;

/** Logs when a check begins and ends to fail or warn, with the error texts of dependencies. Probes show only the codes. */
export function logChanges(health: HealthRegistry, log: Logger): Disposable {
  return health.onResult(({ name, status, reason, error, detail }) => {
    for (const kind of ['fail', 'warn'] as const) {
      const text = `the health check ${name} ${kind === 'fail' ? 'fails' : 'warns'}`;
      const outage = outageLog(log, {
        waiting: text,
        begins: text,
        ends: `the health check ${name} ${kind === 'fail' ? 'no longer fails' : 'no longer warns'}`,
        repeats: kind === 'fail',
        waitMs: START_MS,
      });
      if (status === kind) outage.failed(error ?? reason, { fields: { check: name, reason, detail } });
      else if (status === 'pass' || outage.hasWorked) outage.worked();
      // At a start a check may warn after it failed. It has still not passed for the first time.
      else outage.forget();
    }
  });
}
