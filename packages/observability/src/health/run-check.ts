import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TimeLimitReached } from '../redis/time-limit.ts';
import { type CheckDefinition, CheckFailure, type CheckReport, type CheckResult } from './check.ts';
import { classifyError } from './classify-error.ts';

/** The result of a run, within its time limit, and a promise that ends when the check itself did. Neither rejects. */
export interface CheckRun {
  readonly result: Promise<CheckResult>;
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
    // A check that heeds its signal may say in this turn what it was waiting for.
    await nextTurn();
    late.resolve({ error });
  };
  const timer = setTimeout(() => void giveUp(), limitMs);
  const conclude = async (): Promise<CheckResult> => {
    const outcome = await Promise.race([own, late.promise]);
    clearTimeout(timer);
    const durationMs = performance.now() - started;
    const common = { name: check.name, at: now(), durationMs };
    return { ...common, ...judge(outcome, limitMs, durationMs) };
  };
  return { result: conclude(), ended: own.then(() => undefined) };
}

async function attempt(check: CheckDefinition, signal: AbortSignal): Promise<Outcome> {
  try {
    return { report: takeReport(await check.run(signal)) };
  } catch (error) {
    return { error };
  }
}

type Judgement = Omit<CheckResult, 'name' | 'at' | 'durationMs'>;

function judge(outcome: Outcome, limitMs: number, durationMs: number): Judgement {
  if ('error' in outcome) return judgeError(outcome.error);
  // It may have held the event loop, so that no timer could tell.
  if (durationMs > limitMs)
    return judgeError(new TimeLimitReached(`it took ${Math.round(durationMs)} ms, more than ${limitMs} ms`));
  const { status = 'pass', reason, facts = {}, detail = {} } = outcome.report;
  return { status, facts, detail, ...(reason === undefined ? {} : { reason }) };
}

/** Whatever was thrown, and whatever it does when it is looked at. */
function judgeError(error: unknown): Judgement {
  const failure = { status: 'fail', facts: {}, detail: {} } as const;
  try {
    const { facts, detail } = error instanceof CheckFailure ? error : failure;
    const [reason, text] = [classifyError(error), describe(error)];
    return { ...failure, reason, error: text, facts: plain(facts), detail: plain(detail) };
  } catch {
    return { ...failure, reason: 'error', error: 'it threw what cannot be told' };
  }
}

/** What a check says is copied: it is sent as JSON later, and must not change or throw then. */
function takeReport(said: CheckReport | void): CheckReport {
  if (said === undefined || said === null) return {};
  const { status = 'pass', reason, facts = {}, detail = {} } = said;
  if (status !== 'pass' && status !== 'warn')
    throw new TypeError(
      `a check reports pass or warn and throws when it fails; this one said ${String(status)}`,
    );
  return {
    status,
    facts: plain(facts),
    detail: plain(detail),
    ...(reason === undefined ? {} : { reason }),
  };
}

function plain(values: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(values ?? {})) as Record<string, unknown>;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Its code is told beside it.
  if (error instanceof CheckFailure && error.cause instanceof Error) return describe(error.cause);
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join('; ');
  return error.message === '' ? error.name : error.message;
}
