import { performance } from 'node:perf_hooks';
import type { CheckDefinition, CheckResult } from './check.ts';
import { type CheckRun, runCheck } from './run-check.ts';

export interface HealthRegistryOptions {
  /** Time between two runs of a check, 2000 by default. */
  intervalMs?: number;
  /** Time limit of a run for checks without one of their own, 2000 by default. */
  timeoutMs?: number;
  /** An older result counts as a failure, `stale`. 10,000 by default. */
  maxAgeMs?: number;
  /** The clock that dates results, in ms. By default monotonic and started at the Unix time. */
  now?: () => number;
}

interface Entry {
  readonly definition: CheckDefinition;
  run: CheckRun | undefined;
  /** The result of a run that is still pending past its time limit. */
  overdue: CheckResult | undefined;
  last: CheckResult | undefined;
}

/** The longest delay of a timer. Node fires longer ones after 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const CHECK_NAME = /^[\w.-]+$/;
/** The name of the check that probes add while the process drains. */
export const SHUTDOWN = 'shutdown';

const NO_RESULT = { status: 'fail', facts: {}, detail: {}, durationMs: 0, unknown: true } as const;

const monotonicNow = (): number => performance.timeOrigin + performance.now();

/**
 * Runs the checks of a process on a timer; requests only read the last results. A check has a time limit and never runs twice at once:
 * one that hangs for ever fails at each interval and costs one pending promise. Disposing stops the timer.
 */
export class HealthRegistry implements AsyncDisposable {
  #intervalMs: number;
  #timeoutMs: number;
  #maxAgeMs: number;
  #now: () => number;
  #entries = new Map<string, Entry>();
  #listeners = new Set<(result: CheckResult) => void>();
  #timer: NodeJS.Timeout | undefined;
  #draining = false;

  /** @throws RangeError on a time that is not over 0 or is longer than a timer takes */
  constructor({
    intervalMs = 2000,
    timeoutMs = 2000,
    maxAgeMs = 10_000,
    now = monotonicNow,
  }: HealthRegistryOptions = {}) {
    this.#intervalMs = duration('intervalMs', intervalMs);
    this.#timeoutMs = duration('timeoutMs', timeoutMs);
    this.#maxAgeMs = duration('maxAgeMs', maxAgeMs);
    this.#now = now;
  }

  /**
   * Adds a check. After `start` it runs at once.
   *
   * @throws TypeError on a name that is taken or has other characters, RangeError on a bad time limit
   */
  register(definition: CheckDefinition): void {
    const { name, timeoutMs } = definition;
    if (!CHECK_NAME.test(name))
      throw new TypeError(`${JSON.stringify(name)} is not a valid name for a check`);
    if (this.#entries.has(name) || name === SHUTDOWN)
      throw new TypeError(`there already is a check named ${name}`);
    if (timeoutMs !== undefined) duration(`timeoutMs of the check ${name}`, timeoutMs);
    const entry: Entry = { definition, run: undefined, overdue: undefined, last: undefined };
    this.#entries.set(name, entry);
    if (this.#timer) this.#runOnce(entry);
  }

  /** Runs every check now and then at each interval. */
  start(): void {
    if (this.#timer) return;
    const runAll = (): void => this.#entries.forEach((entry) => this.#runOnce(entry));
    this.#timer = setInterval(runAll, this.#intervalMs).unref();
    runAll();
  }

  /** Makes probes with `failsWhileDraining` fail from now on. It cannot be undone. */
  drain(): void {
    this.#draining = true;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** The names of all checks. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** The time of the clock that dates results, in ms. */
  now(): number {
    return this.#now();
  }

  /** @throws TypeError on an unknown name */
  definition(name: string): CheckDefinition {
    return this.#entry(name).definition;
  }

  /**
   * The last result; a failure with `stale` when it is too old, and with `not_ready` before the first one.
   *
   * @throws TypeError on an unknown name
   */
  result(name: string): CheckResult {
    const { last } = this.#entry(name);
    const now = this.#now();
    if (!last) return { ...NO_RESULT, name, reason: 'not_ready', at: now };
    if (now - last.at <= this.#maxAgeMs) return last;
    const { at, durationMs, reason = last.status } = last;
    return { ...NO_RESULT, name, reason: 'stale', at, durationMs, detail: { last_result: reason } };
  }

  /** Calls `listener` after each run, and at each interval that a run is overdue. What it throws is emitted as a process warning. */
  onResult(listener: (result: CheckResult) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Stops the timer and waits for pending runs, up to their time limits. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const { run } of this.#entries.values()) await run?.result;
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (!entry) throw new TypeError(`there is no check named ${name}`);
    return entry;
  }

  #runOnce(entry: Entry): void {
    if (entry.run) {
      // Still hanging: another failure, so that hysteresis counts it.
      if (entry.overdue) this.#record(entry, { ...entry.overdue, at: this.#now() });
      return;
    }
    void this.#recordRun(entry, runCheck(entry.definition, this.#timeoutMs, this.#now));
  }

  async #recordRun(entry: Entry, run: CheckRun): Promise<void> {
    entry.run = run;
    let isRunning = true;
    const end = async (): Promise<void> => {
      await run.ended;
      isRunning = false;
      entry.run = undefined;
      entry.overdue = undefined;
    };
    void end();
    const result = await run.result;
    if (isRunning) entry.overdue = result;
    this.#record(entry, result);
  }

  #record(entry: Entry, result: CheckResult): void {
    entry.last = result;
    for (const listener of this.#listeners) {
      try {
        listener(result);
      } catch (error) {
        // One listener that throws must not end the process or keep the others from being called.
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }
}

function duration(name: string, ms: number): number {
  if (ms > 0 && ms <= MAX_TIMER_MS) return ms;
  throw new RangeError(`${name} must be over 0 and at most ${MAX_TIMER_MS} milliseconds, not ${ms}`);
}
