import type { CheckResult, CheckStatus, HealthRegistry } from '@prosaas/observability';

interface CheckChange {
  /** Unix ms. */
  at: number;
  status: CheckStatus;
  /** Codes of the check, separated by commas. */
  reason: string | null;
}

interface CheckRecord {
  /** When the check got its status; at the earliest when this process started. */
  since: number;
  /** Oldest first: the state at the beginning of the last hour, if known, and each change since. */
  changes: readonly CheckChange[];
}

const HOUR_MS = 3_600_000;
/** Per check. A check runs every 2 s; this bounds the memory of one that flaps. */
const MAX_CHANGES = 200;

export interface CheckHistory extends Disposable {
  /** Undefined before the first result. */
  of(check: string): CheckRecord | undefined;
}

/** Records the changes of each check within the last hour. */
export function recordCheckHistory(health: HealthRegistry, now: () => number = Date.now): CheckHistory {
  const records = new Map<string, { since: number; changes: CheckChange[] }>();
  const forgetOld = (changes: CheckChange[]): void => {
    const hourAgo = now() - HOUR_MS;
    while (changes.length > MAX_CHANGES || (changes[1] !== undefined && changes[1].at <= hourAgo))
      changes.shift();
  };
  const listening = health.onResult(({ name, status, reason }: CheckResult) => {
    const record = records.get(name);
    const change = { at: now(), status, reason: reason ?? null };
    const last = record?.changes.at(-1);
    if (record === undefined || last === undefined)
      records.set(name, { since: change.at, changes: [change] });
    else if (last.status !== status || last.reason !== change.reason) {
      if (last.status !== status) record.since = change.at;
      record.changes.push(change);
      forgetOld(record.changes);
    }
  });
  return {
    of(check) {
      const record = records.get(check);
      if (record !== undefined) forgetOld(record.changes);
      return record;
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}
