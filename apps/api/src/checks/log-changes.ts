import type { HealthRegistry } from '@prosaas/observability';
import type { Logger } from '@prosaas/runtime';

/** One line when a check turns or fails for another reason: where the texts of dependencies' errors are told. */
export function logChanges(health: HealthRegistry, log: Logger): Disposable {
  const told = new Map<string, string>();
  return health.onResult(({ name, status, reason, error, detail }) => {
    const state = `${status} ${reason ?? ''}`;
    const before = told.get(name);
    told.set(name, state);
    if (before === state || (before === undefined && status === 'pass')) return;
    if (status === 'pass') log.info({ check: name }, 'A check passes again');
    else
      log.warn(
        { check: name, status, reason, error, detail },
        `A check ${status === 'warn' ? 'warns' : 'fails'}`,
      );
  });
}
