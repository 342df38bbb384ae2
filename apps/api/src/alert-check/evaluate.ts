import type { HealthCheck } from './api-answers.ts';
import type { Finding, Limits } from './finding.ts';
import type { CheckOptions } from './options.ts';
import type { Rises } from './readings.ts';

/** A failed check is critical even if `/api/health` does not require it. */
export function evaluateHealth(checks: readonly HealthCheck[]): Finding[] {
  return checks
    .filter(({ status }) => status !== 'pass')
    .map(({ name, status, reason, facts }) => ({
      level: status === 'fail' ? 'CRITICAL' : 'WARNING',
      subject: name,
      text: `${status === 'fail' ? 'failed: ' : ''}${reason}${showFacts(reason, facts)}; what to do: docs/runbook.md`,
    }));
}

/** `ageSeconds` is null if there was no heartbeat for 90 s. That is no finding if the check `workers` has failed already. */
export function evaluateHeartbeat(
  ageSeconds: number | null,
  limits: Limits,
  checks: readonly HealthCheck[],
): Finding[] {
  const subject = 'heartbeat';
  if (ageSeconds === null) {
    if (checks.some(({ name, status }) => name === 'workers' && status === 'fail')) return [];
    return [{ level: 'CRITICAL', subject, text: 'no worker has sent a heartbeat for 90 s: is one running?' }];
  }
  const text = `the last one is ${Math.round(ageSeconds)} s old: look at the worker's log (docs/runbook.md)`;
  return exceeds(ageSeconds, limits, subject, text);
}

export function evaluateRises(
  rises: Rises,
  { deadLetter, callsRejected, stalled }: Omit<CheckOptions['limits'], 'heartbeat'>,
): Finding[] {
  const within = lasting(rises.seconds);
  return [
    ...exceeds(
      rises.deadLetter,
      deadLetter,
      'dead letter',
      `jobs added ${within}: ${rises.deadLetter}; "npm run jobs -- list" shows them`,
    ),
    ...exceeds(
      rises.callsRejected,
      callsRejected,
      'calls',
      `rejected at MAX_CONCURRENT_CALLS ${within}: ${rises.callsRejected}`,
    ),
    ...exceeds(
      rises.stalled,
      stalled,
      'jobs',
      `enqueued ${lasting(rises.stalledSeconds)}: ${rises.stalled}, but none completed or failed: is a worker running, or a queue paused? "npm run jobs -- queues" shows the queues`,
    ),
  ];
}

function exceeds(value: number, { warning, critical }: Limits, subject: string, text: string): Finding[] {
  if (value <= warning) return [];
  return [{ level: value > critical ? 'CRITICAL' : 'WARNING', subject, text }];
}

const lasting = (seconds: number): string =>
  seconds < 120 ? `in the last ${Math.round(seconds)} s` : `in the last ${Math.round(seconds / 60)} min`;

function showFacts(reason: string, facts: Record<string, unknown>): string {
  const shown = Object.entries(facts).map(([name, value]) =>
    name === reason ? showFact(value) : `${name} ${showFact(value)}`,
  );
  return shown.length === 0 ? '' : ` (${shown.join(', ')})`;
}

function showFact(value: unknown): string {
  if (typeof value === 'string') return value;
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string');
  return isList ? value.join(' ') : JSON.stringify(value);
}
