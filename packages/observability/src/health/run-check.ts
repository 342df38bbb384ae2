import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TimeLimitReached } from '../redis/time-limit.ts';
import { type CheckDefinition, CheckFailure, type CheckReport, type CheckResult } from './check.ts';
import { classifyError } from './classify-error.ts';

/** Neither promise rejects. */
export interface CheckRun {
  /** Resolves within the time limit. */
  readonly result: Promise<CheckResult>;
  /** Resolves when the check itself has ended. */
  readonly ended: Promise<void>;
}

type Outcome = { readonly report: CheckReport } | { readonly error: unknown };

export function runCheck(check: CheckDefinition, timeoutMs: number, now: () => number): CheckRun {
  const limitMs = check.timeoutMs ?? timeoutMs;
  const started = performance.now();
  const controller = new AbortController();
  const own = attempt(check, controller.signal);
  const late = Promise.withResolvers<Outcome>();
  const giveUp = async (): Promise<void> => {
    const error = new TimeLimitReached(`no answer within ${limitMs} ms`);
    controller.abort(error);
    // A check that listens to the signal may throw its own CheckFailure in this turn.
    await nextTurn();
    late.resolve({ error });
  };
  const timer = setTimeout(() => void giveUp(), limitMs);
  const conclude = async (): Promise<CheckResult> => {
    const outcome = await Promise.race([own, late.promise]);
    clearTimeout(timer);
    const durationMs = performance.now() - started;
    const common = { name: check.name, at: now(), durationMs };
    return { ...common, ...evaluate(outcome, limitMs, durationMs) };
  };
  return { result: conclude(), ended: own.then(() => undefined) };
}

async function attempt(check: CheckDefinition, signal: AbortSignal): Promise<Outcome> {
  try {
    return { report: copyReport(await check.run(signal)) };
  } catch (error) {
    return { error };
  }
}

type Evaluation = Omit<CheckResult, 'name' | 'at' | 'durationMs'>;

function evaluate(outcome: Outcome, limitMs: number, durationMs: number): Evaluation {
  if ('error' in outcome) return failureOf(outcome.error);
  // The check may have blocked the event loop, so that the timer could not fire.
  if (durationMs > limitMs)
    return failureOf(new TimeLimitReached(`it took ${Math.round(durationMs)} ms, more than ${limitMs} ms`));
  const { status = 'pass', reason, facts = {}, detail = {} } = outcome.report;
  return { status, facts, detail, ...(reason === undefined ? {} : { reason }) };
}

/** Also for errors whose properties throw. */
function failureOf(error: unknown): Evaluation {
  const failure = { status: 'fail', facts: {}, detail: {} } as const;
  try {
    const { facts, detail } = error instanceof CheckFailure ? error : failure;
    const [reason, text] = [classifyError(error), describe(error)];
    return { ...failure, reason, error: text, facts: jsonCopy(facts), detail: jsonCopy(detail) };
  } catch {
    return { ...failure, reason: 'error', error: 'it threw a value that cannot be described' };
  }
}

/** A copy, because it is sent as JSON later and must not change or throw then. */
function copyReport(report: CheckReport | void): CheckReport {
  if (report === undefined || report === null) return {};
  const { status = 'pass', reason, facts = {}, detail = {} } = report;
  if (status !== 'pass' && status !== 'warn')
    throw new TypeError(
      `a check reports pass or warn and throws when it fails; this one reported ${String(status)}`,
    );
  return {
    status,
    facts: jsonCopy(facts),
    detail: jsonCopy(detail),
    ...(reason === undefined ? {} : { reason }),
  };
}

function jsonCopy(values: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(values ?? {})) as Record<string, unknown>;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Its code is shown beside the text.
  if (error instanceof CheckFailure && error.cause instanceof Error) return describe(error.cause);
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join('; ');
  return error.message === '' ? error.name : error.message;
}
