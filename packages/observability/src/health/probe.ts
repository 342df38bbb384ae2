import type { CheckResult, CheckStatus } from './check.ts';
import { type HealthRegistry, SHUTDOWN } from './registry.ts';
import { type Hysteresis, type HysteresisState, applyHysteresis } from './hysteresis.ts';

/**
 * A check in the body of a probe: `status`, `reason` and the facts side by side. Callers who may see details also get `error`,
 * `duration_ms` and `detail`.
 */
export interface ShownCheck {
  readonly status: CheckStatus;
  readonly reason?: string;
  readonly [fact: string]: unknown;
}

/** What the body of a probe is made from. */
export interface ProbeReport {
  /** `warn` as soon as one check warns or, without being required, fails. */
  readonly status: CheckStatus;
  readonly checks: Readonly<Record<string, ShownCheck>>;
  /** The facts that a check reported; `{}` when it reported none. */
  facts(check: string): Readonly<Record<string, unknown>>;
}

/** A group of checks under one path. */
export interface ProbeDefinition {
  /** Such as `/readyz`. */
  readonly path: string;
  /** Used in the last line of `?verbose`: `readyz check passed`. */
  readonly name: string;
  /** Names of the checks that decide: none of them may fail. */
  readonly required: readonly string[];
  /** Names of checks that are shown only. */
  readonly shown?: readonly string[];
  /** For the required checks. Without it the last result decides. */
  readonly hysteresis?: Hysteresis;
  /** Fails with `shutting_down` once the registry drains. */
  readonly failsWhileDraining?: boolean;
  readonly body: {
    /** An object is sent as JSON, a string as text/plain. */
    pass(report: ProbeReport): object | string;
    fail(report: ProbeReport): object | string;
  };
}

/** One check of a probe at one moment. The status of its result is the one after hysteresis. */
export interface ProbeLine {
  readonly result: CheckResult;
  readonly required: boolean;
}

export interface ProbeState {
  readonly ok: boolean;
  readonly lines: readonly ProbeLine[];
}

const NONE: ReadonlySet<string> = new Set();

/** A probe and the hysteresis state of its checks. Disposing stops it from following the registry. */
export class Probe implements Disposable {
  readonly definition: ProbeDefinition;
  /** The names of all its checks, each once, the required ones first. */
  readonly checks: readonly string[];
  #required: ReadonlySet<string>;
  #health: HealthRegistry;
  #states = new Map<string, HysteresisState>();
  #lastFailures = new Map<string, CheckResult>();
  #subscription: Disposable | undefined;

  constructor(definition: ProbeDefinition, health: HealthRegistry) {
    this.definition = definition;
    this.#health = health;
    const { hysteresis, required, shown = [] } = definition;
    this.#required = new Set(required);
    this.checks = [...new Set([...required, ...shown])];
    // Throws on a name without a check.
    for (const name of this.checks) health.definition(name);
    if (!hysteresis) return;
    this.#subscription = health.onResult((result) => {
      const { name, status } = result;
      if (!this.#required.has(name)) return;
      this.#states.set(name, applyHysteresis(this.#states.get(name), status !== 'fail', hysteresis));
      if (status === 'fail') this.#lastFailures.set(name, result);
    });
  }

  state(exclude: ReadonlySet<string> = NONE): ProbeState {
    const { failsWhileDraining = false } = this.definition;
    const lines = this.checks.map((name) => this.#line(name));
    if (failsWhileDraining && this.#health.draining)
      lines.push({ result: shutdown(this.#health.now()), required: true });
    const counted = exclude.size === 0 ? lines : lines.filter(({ result }) => !exclude.has(result.name));
    return { ok: counted.every((line) => !line.required || line.result.status !== 'fail'), lines: counted };
  }

  /** The state of one check of this probe, after hysteresis. */
  stateOf(name: string): ProbeState {
    const line = this.#line(name);
    return { ok: line.result.status !== 'fail', lines: [line] };
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
  }

  #line(name: string): ProbeLine {
    const required = this.#required.has(name);
    const result = this.#health.result(name);
    return { result: required ? this.#withHysteresis(result) : result, required };
  }

  /**
   * A failure below the threshold is shown as a warning, a pass below the threshold as the failure before it. A missing or stale result
   * fails at once.
   */
  #withHysteresis(result: CheckResult): CheckResult {
    const state = this.#states.get(result.name);
    if (!state || result.unknown || state.ok === (result.status !== 'fail')) return result;
    return state.ok ? { ...result, status: 'warn' } : (this.#lastFailures.get(result.name) ?? result);
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
