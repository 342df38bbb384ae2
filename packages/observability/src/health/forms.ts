import type { CheckDefinition, CheckResult, CheckStatus } from './check.ts';
import type { Probe, ProbeLine, ProbeReport, ProbeState, ShownCheck } from './probe.ts';

/** One state, three forms: the probe's own JSON, Kubernetes' text, and draft-inadarei-api-health-check-06. */
export interface Rendered {
  readonly type: string;
  readonly body: string;
}

const PLAIN = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

/** A warning, also of a check that is only shown, makes the whole a warning. */
function overallStatus({ ok, lines }: ProbeState): CheckStatus {
  if (!ok) return 'fail';
  return lines.every(({ result }) => result.status === 'pass') ? 'pass' : 'warn';
}

export function renderBody({ definition }: Probe, state: ProbeState, details: boolean): Rendered {
  const facts = new Map(state.lines.map(({ result }) => [result.name, result.facts]));
  const report: ProbeReport = {
    status: overallStatus(state),
    checks: Object.fromEntries(state.lines.map(({ result }) => [result.name, showCheck(result, details)])),
    facts: (check) => facts.get(check) ?? {},
  };
  const body = state.ok ? definition.body.pass(report) : definition.body.fail(report);
  return typeof body === 'string' ? { type: PLAIN, body } : { type: JSON_TYPE, body: JSON.stringify(body) };
}

/** To everyone: status, code and facts. */
function showCheck(result: CheckResult, details: boolean): ShownCheck {
  const { status, reason, facts, detail, error, durationMs } = result;
  const shown = { ...facts, status, ...(reason === undefined ? {} : { reason }) };
  if (!details) return shown;
  return { ...shown, ...(error === undefined ? {} : { error }), duration_ms: Math.round(durationMs), detail };
}

/** `excluded` are the names that the caller wanted left out, and `known` those that there are. */
export function renderVerbose(
  { definition }: Probe,
  state: ProbeState,
  details: boolean,
  excluded: readonly string[],
  known: ReadonlySet<string>,
): Rendered {
  const lines = state.lines.map((line) => verboseLine(line, details));
  if (lines.length === 0) lines.push('[+]ping ok');
  const strange = excluded.filter((name) => !known.has(name));
  if (strange.length > 0) {
    const names = strange.map((name) => JSON.stringify(name)).join(',');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  lines.push(`${definition.name} check ${state.ok ? 'passed' : 'failed'}`);
  return { type: PLAIN, body: `${lines.join('\n')}\n` };
}

function verboseLine({ result, required }: ProbeLine, details: boolean): string {
  const { name, status, reason, error } = result;
  const because = reason === undefined ? '' : `: ${reason}`;
  const text = details && error !== undefined && error !== reason ? ` (${oneLine(error)})` : '';
  if (status !== 'fail') return `[+]${name} ok${because}${text}`;
  return `[-]${name} failed${because}${text}${required ? '' : ' (not required)'}`;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

export function renderHealthJson(
  state: ProbeState,
  details: boolean,
  definitionOf: (name: string) => Pick<CheckDefinition, 'component' | 'componentType'> | undefined,
): Rendered {
  const status = overallStatus(state);
  const reasons = state.lines.filter(({ result, required }) => required && result.status === 'fail');
  const output = reasons.map(({ result }) => `${result.name}: ${result.reason ?? 'error'}`).join('; ');
  const checks = Object.fromEntries(
    state.lines.map(({ result }) => {
      const { component = result.name, componentType = 'system' } = definitionOf(result.name) ?? {};
      return [`${component}:responseTime`, [healthJsonCheck(result, componentType, details)]];
    }),
  );
  const body = { status, ...(output === '' ? {} : { output }), checks };
  return { type: 'application/health+json; charset=utf-8', body: JSON.stringify(body) };
}

function healthJsonCheck(
  { status, reason, error, facts, detail, at, durationMs }: CheckResult,
  componentType: string,
  details: boolean,
): object {
  const words = details && error !== undefined ? `${reason}: ${error}` : reason;
  return {
    componentType,
    observedValue: Math.round(durationMs * 1000) / 1000,
    observedUnit: 'ms',
    status,
    time: new Date(at).toISOString(),
    // The draft wants no output on a pass.
    ...(status === 'pass' || words === undefined ? {} : { output: words }),
    ...(Object.keys(facts).length > 0 ? { facts } : {}),
    ...(details && Object.keys(detail).length > 0 ? { detail } : {}),
  };
}
