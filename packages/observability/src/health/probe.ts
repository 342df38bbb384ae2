import type { CheckResult, CheckStatus } from './check.ts';
import { type HealthRegistry, SHUTDOWN } from './registry.ts';
import { type Hysteresis, type Steadiness, settle } from './steadiness.ts';

/** A check as a probe's body shows it. Facts stand beside status and reason; the rest is for those who may see it. */
export interface ShownCheck {
  readonly status: CheckStatus;
  readonly reason?: string;
  readonly [fact: string]: unknown;
}

export interface ProbeReport {
  readonly status: CheckStatus;
  readonly checks: Readonly<Record<string, ShownCheck>>;
  /** What a check reported for everyone; `{}` when it reported nothing. */
  facts(check: string): Readonly<Record<string, unknown>>;
}

export interface ProbeDefinition {
  readonly path: string;
  /** As the closing line of `?verbose` says it: `readyz check passed`. */
  readonly name: string;
  /** Checks that must pass or warn. */
  readonly required: readonly string[];
  /** Checks that are shown and decide nothing. */
  readonly shown?: readonly string[];
  /** Turns only after so many results in a row. Without it the last result counts. */
  readonly hysteresis?: Hysteresis;
  /** Fails, `shutting_down`, from the moment that the registry drains. */
  readonly failsWhileDraining?: boolean;
  readonly body: {
    /** A string is sent as text/plain. */
    pass(report: ProbeReport): object | string;
    fail(report: ProbeReport): object | string;
  };
}

/** One check in a probe at one moment; `status` is what it means to this probe, after hysteresis. */
export interface ProbeLine {
  readonly result: CheckResult;
  readonly required: boolean;
}

export interface ProbeState {
  readonly ok: boolean;
  readonly lines: readonly ProbeLine[];
}

const NOBODY: ReadonlySet<string> = new Set();

/** A probe with its memory of the results in a row. Disposing of it ends its listening. */
export class Probe implements Disposable {
  readonly definition: ProbeDefinition;
  /** The names of all that it shows, each once; what is required stands first. */
  readonly checks: readonly string[];
  #required: ReadonlySet<string>;
  #health: HealthRegistry;
  #steady = new Map<string, Steadiness>();
  #lastBad = new Map<string, CheckResult>();
  #listening: Disposable | undefined;

  constructor(definition: ProbeDefinition, health: HealthRegistry) {
    this.definition = definition;
    this.#health = health;
    const { hysteresis, required, shown = [] } = definition;
    this.#required = new Set(required);
    this.checks = [...new Set([...required, ...shown])];
    // A name without a check is a mistake that must not wait for the first failure.
    for (const name of this.checks) health.definition(name);
    if (!hysteresis) return;
    this.#listening = health.onResult((result) => {
      const { name, status } = result;
      if (!this.#required.has(name)) return;
      this.#steady.set(name, settle(this.#steady.get(name), status !== 'fail', hysteresis));
      if (status === 'fail') this.#lastBad.set(name, result);
    });
  }

  state(exclude: ReadonlySet<string> = NOBODY): ProbeState {
    const { failsWhileDraining = false } = this.definition;
    const lines = this.checks.map((name) => this.#line(name));
    if (failsWhileDraining && this.#health.draining)
      lines.push({ result: shutdown(this.#health.now()), required: true });
    const counted = exclude.size === 0 ? lines : lines.filter(({ result }) => !exclude.has(result.name));
    return { ok: counted.every((line) => !line.required || line.result.status !== 'fail'), lines: counted };
  }

  /** One of its checks by itself, as the probe sees it. */
  stateOf(name: string): ProbeState {
    const line = this.#line(name);
    return { ok: line.result.status !== 'fail', lines: [line] };
  }

  [Symbol.dispose](): void {
    this.#listening?.[Symbol.dispose]();
  }

  #line(name: string): ProbeLine {
    const required = this.#required.has(name);
    const result = this.#health.result(name);
    return { result: required ? this.#steadied(result) : result, required };
  }

  /** Where nothing is known it is not a matter of how often. A failure that does not turn the probe yet is a warning. */
  #steadied(result: CheckResult): CheckResult {
    const steady = this.#steady.get(result.name);
    if (!steady || result.unknown || steady.ok === (result.status !== 'fail')) return result;
    return steady.ok ? { ...result, status: 'warn' } : (this.#lastBad.get(result.name) ?? result);
  }
}

function shutdown(at: number): CheckResult {
  return {
    name: SHUTDOWN,
    status: 'fail',
    reason: 'shutting_down',
    facts: {},
    detail: {},
    at,
    durationMs: 0,
  };
}
