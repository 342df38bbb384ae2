import type { HealthRegistry } from '@prosaas/observability';
import { type Logger, outageLog } from '@prosaas/runtime';

/** What a service that starts waits for itself has a line of its own after 5 s; a check that still fails then has another cause. */
const START_MS = 20_000;

/** A check that fails or warns is a trouble in the log, with the texts of dependencies' errors; probes show its code only. */
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
      // At a start a check may warn after it failed: that is still the wait for its first pass.
      else outage.forget();
    }
  });
}
