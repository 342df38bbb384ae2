import type { CheckResult, CheckStatus } from './check.ts';
import type { HealthRegistry } from './registry.ts';
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

/** A probe with its memory of the results in a row. */
export class Probe {
  readonly definition: ProbeDefinition;
  #health: HealthRegistry;
  #steady = new Map<string, Steadiness>();
  #lastBad = new Map<string, CheckResult>();

  constructor(definition: ProbeDefinition, health: HealthRegistry) {
    this.definition = definition;
    this.#health = health;
    const { hysteresis, required } = definition;
    if (!hysteresis) return;
    const names = new Set(required);
    health.onResult((result) => {
      const { name, status } = result;
      if (!names.has(name)) return;
      this.#steady.set(name, settle(this.#steady.get(name), status !== 'fail', hysteresis));
      if (status === 'fail') this.#lastBad.set(name, result);
    });
  }

  state(exclude: ReadonlySet<string> = NOBODY): ProbeState {
    const { required, shown = [], failsWhileDraining = false } = this.definition;
    const lines: ProbeLine[] = [];
    for (const name of required)
      lines.push({ result: this.#steadied(this.#health.result(name)), required: true });
    for (const name of shown) lines.push({ result: this.#health.result(name), required: false });
    if (failsWhileDraining && this.#health.draining)
      lines.push({ result: shutdown(this.#health.now()), required: true });
    const counted = exclude.size === 0 ? lines : lines.filter(({ result }) => !exclude.has(result.name));
    return { ok: counted.every((line) => !line.required || line.result.status !== 'fail'), lines: counted };
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
    name: 'shutdown',
    status: 'fail',
    reason: 'shutting_down',
    facts: {},
    detail: {},
    at,
    durationMs: 0,
  };
}
