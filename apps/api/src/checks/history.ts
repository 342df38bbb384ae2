import type { CheckResult, CheckStatus, HealthRegistry } from '@prosaas/observability';

interface CheckChange {
  /** Unix ms. */
  at: number;
  status: CheckStatus;
  /** The codes, as the check gave them. */
  reason: string | null;
}

interface CheckPast {
  /** Since when it has this status; as far back as this process has looked. */
  since: number;
  /** Oldest first: what it was when the last hour began, if that is known, and each change since. */
  changes: readonly CheckChange[];
}

const HOUR_MS = 3_600_000;
/** Of one check: it runs every 2 s, and one that flaps must not fill the memory. */
const MOST_CHANGES = 200;

export interface CheckHistory extends Disposable {
  /** Undefined before the first result. */
  of(check: string): CheckPast | undefined;
}

/** Remembers the last hour of each check. */
export function followChecks(health: HealthRegistry, now: () => number = Date.now): CheckHistory {
  const past = new Map<string, { since: number; changes: CheckChange[] }>();
  const forgetOld = (changes: CheckChange[]): void => {
    const hourAgo = now() - HOUR_MS;
    while (changes.length > MOST_CHANGES || (changes[1] !== undefined && changes[1].at <= hourAgo))
      changes.shift();
  };
  const listening = health.onResult(({ name, status, reason }: CheckResult) => {
    const known = past.get(name);
    const change = { at: now(), status, reason: reason ?? null };
    const last = known?.changes.at(-1);
    if (known === undefined || last === undefined) past.set(name, { since: change.at, changes: [change] });
    else if (last.status !== status || last.reason !== change.reason) {
      if (last.status !== status) known.since = change.at;
      known.changes.push(change);
      forgetOld(known.changes);
    }
  });
  return {
    of(check) {
      const known = past.get(check);
      if (known !== undefined) forgetOld(known.changes);
      return known;
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}
