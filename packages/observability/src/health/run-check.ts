import { performance } from 'node:perf_hooks';
import { withinTime } from '../redis/time-limit.ts';
import { type CheckDefinition, CheckFailure, type CheckResult } from './check.ts';
import { classifyError } from './classify-error.ts';

/** The result of a run, within its time limit, and a promise that ends when the check itself did. Never throws. */
export interface CheckRun {
  readonly result: Promise<CheckResult>;
  readonly ended: Promise<void>;
}

export function runCheck(check: CheckDefinition, timeoutMs: number, now: () => number): CheckRun {
  const started = performance.now();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const outcome = withinTime(check.timeoutMs ?? timeoutMs, check.name, async (signal) => {
    try {
      return await check.run(signal);
    } finally {
      end();
    }
  });
  const common = (): Pick<CheckResult, 'name' | 'at' | 'durationMs'> => ({
    name: check.name,
    at: now(),
    durationMs: performance.now() - started,
  });
  const result = outcome.then(
    (report): CheckResult => {
      const { status = 'pass', reason, facts = {}, detail = {} } = report ?? {};
      return { ...common(), status, facts, detail, ...(reason === undefined ? {} : { reason }) };
    },
    (error: unknown): CheckResult => {
      const { facts, detail } = error instanceof CheckFailure ? error : { facts: {}, detail: {} };
      return {
        ...common(),
        status: 'fail',
        reason: classifyError(error),
        facts,
        detail,
        error: describe(error),
      };
    },
  );
  return { result, ended };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join('; ');
  return error.message === '' ? error.name : error.message;
}
