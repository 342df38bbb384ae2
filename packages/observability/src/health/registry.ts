import { performance } from 'node:perf_hooks';
import type { CheckDefinition, CheckResult } from './check.ts';
import { type CheckRun, runCheck } from './run-check.ts';

export interface HealthRegistryOptions {
  intervalMs?: number;
  /** Time limit of a run, where the check has none of its own. */
  timeoutMs?: number;
  /** Older results count as failures, `stale`. */
  maxAgeMs?: number;
  /** Milliseconds; by default a clock that no one can set, which started at the Unix time. */
  now?: () => number;
}

interface Entry {
  readonly definition: CheckDefinition;
  run: CheckRun | undefined;
  /** The time limit passed, and the run goes on all the same. */
  overdue: CheckResult | undefined;
  last: CheckResult | undefined;
}

/** What a timer takes; Node runs one that is longer after 1 ms. */
const LONGEST_MS = 2 ** 31 - 1;
const NAME = /^[\w.-]+$/;
/** The line that a probe adds while the process drains. */
export const SHUTDOWN = 'shutdown';

const NOTHING = { status: 'fail', facts: {}, detail: {}, durationMs: 0, unknown: true } as const;

const steadyNow = (): number => performance.timeOrigin + performance.now();

/**
 * Runs the checks of a process on a timer of its own; requests only ever read the last result. A check has a time
 * limit and never runs twice at once: one that hangs for ever costs a pending promise, and fails.
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

  constructor({
    intervalMs = 2000,
    timeoutMs = 2000,
    maxAgeMs = 10_000,
    now = steadyNow,
  }: HealthRegistryOptions = {}) {
    this.#intervalMs = duration('intervalMs', intervalMs);
    this.#timeoutMs = duration('timeoutMs', timeoutMs);
    this.#maxAgeMs = duration('maxAgeMs', maxAgeMs);
    this.#now = now;
  }

  /** Throws when the name is taken, or when it or the time limit is none. After `start` the check runs at once. */
  register(definition: CheckDefinition): void {
    const { name, timeoutMs } = definition;
    if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name for a check`);
    if (this.#entries.has(name) || name === SHUTDOWN)
      throw new TypeError(`there is a check named ${name} already`);
    if (timeoutMs !== undefined) duration(`timeoutMs of the check ${name}`, timeoutMs);
    const entry: Entry = { definition, run: undefined, overdue: undefined, last: undefined };
    this.#entries.set(name, entry);
    if (this.#timer) this.#turn(entry);
  }

  start(): void {
    if (this.#timer) return;
    const turn = (): void => this.#entries.forEach((entry) => this.#turn(entry));
    this.#timer = setInterval(turn, this.#intervalMs).unref();
    turn();
  }

  /** From now on probes that fail while draining do. There is no way back. */
  drain(): void {
    this.#draining = true;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  now(): number {
    return this.#now();
  }

  definition(name: string): CheckDefinition {
    return this.#entry(name).definition;
  }

  /** The last result: `stale` when it is too old, `not_ready` before the first one. Throws on an unknown name. */
  result(name: string): CheckResult {
    const { last } = this.#entry(name);
    const now = this.#now();
    if (!last) return { ...NOTHING, name, reason: 'not_ready', at: now };
    if (now - last.at <= this.#maxAgeMs) return last;
    const { at, durationMs, reason = last.status } = last;
    return { ...NOTHING, name, reason: 'stale', at, durationMs, detail: { last_result: reason } };
  }

  /** Calls back after each run; also the runs of the future. */
  onResult(listener: (result: CheckResult) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Stops the timer, and waits for the runs under way within their time limits. */
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

  #turn(entry: Entry): void {
    if (entry.run) {
      // It hangs past its limit: that is a failure again, by now.
      if (entry.overdue) this.#record(entry, { ...entry.overdue, at: this.#now() });
      return;
    }
    void this.#follow(entry, runCheck(entry.definition, this.#timeoutMs, this.#now));
  }

  async #follow(entry: Entry, run: CheckRun): Promise<void> {
    entry.run = run;
    let running = true;
    const end = async (): Promise<void> => {
      await run.ended;
      running = false;
      entry.run = undefined;
      entry.overdue = undefined;
    };
    void end();
    const result = await run.result;
    if (running) entry.overdue = result;
    this.#record(entry, result);
  }

  #record(entry: Entry, result: CheckResult): void {
    entry.last = result;
    for (const listener of this.#listeners) {
      try {
        listener(result);
      } catch (error) {
        // A listener that throws must not end the process, nor keep the others from hearing.
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }
}

function duration(name: string, ms: number): number {
  if (ms > 0 && ms <= LONGEST_MS) return ms;
  throw new RangeError(`${name} must be over 0 and at most ${LONGEST_MS} milliseconds, not ${ms}`);
}
