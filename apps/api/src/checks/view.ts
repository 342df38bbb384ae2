import type { CheckStatus, HealthRegistry } from '@prosaas/observability';
import type { Runbook } from '../runbook.ts';
import type { CheckHistory } from './history.ts';

/** A check with explanations for people: what its codes mean, and what to do. */
export interface CheckView {
  name: string;
  looks_at: string | null;
  status: CheckStatus;
  since: Date | null;
  reasons: ReturnType<Runbook['advise']>;
  facts: Record<string, unknown>;
  details?: Record<string, unknown>;
  changes: { at: Date; status: CheckStatus; codes: string[] }[];
}

export interface CheckSources {
  health: Pick<HealthRegistry, 'names' | 'result'>;
  checkHistory: CheckHistory;
  runbook: Runbook;
}

export function viewChecks(
  { health, checkHistory, runbook }: CheckSources,
  { withDetails }: { withDetails: boolean },
): CheckView[] {
  return health.names.map((name) => {
    const { status, reason, facts, detail, error } = health.result(name);
    const record = checkHistory.of(name);
    return {
      name,
      looks_at: runbook.looksAt(name),
      status,
      since: record === undefined ? null : new Date(record.since),
      reasons: reason === undefined ? [] : runbook.advise(name, reason),
      facts,
      ...(withDetails && { details: { ...detail, ...(error !== undefined && { error }) } }),
      changes: (record?.changes ?? []).map((change) => ({
        at: new Date(change.at),
        status: change.status,
        codes: change.reason?.split(',') ?? [],
      })),
    };
  });
}
