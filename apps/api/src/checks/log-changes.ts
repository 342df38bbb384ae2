import type { HealthRegistry } from '@prosaas/observability';
import { type Logger, troubleOf } from '@prosaas/runtime';

/** A check that fails or warns is a trouble in the log, with the texts of dependencies' errors; probes show its code only. */
export function logChanges(health: HealthRegistry, log: Logger): Disposable {
  return health.onResult(({ name, status, reason, error, detail }) => {
    for (const kind of ['fail', 'warn'] as const) {
      const text = `the health check ${name} ${kind === 'fail' ? 'fails' : 'warns'}`;
      const trouble = troubleOf(log, {
        waiting: text,
        begins: text,
        ends: `the health check ${name} ${kind === 'fail' ? 'no longer fails' : 'no longer warns'}`,
        repeats: kind === 'fail',
      });
      if (status === kind) trouble.failed(error ?? reason, { fields: { check: name, reason, detail } });
      else trouble.worked();
    }
  });
}
