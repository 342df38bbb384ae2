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
  const said = { status, ...(reason === undefined ? {} : { reason }) };
  // Said first to be read first, and last to win over a fact of the same name.
  const shown = { ...said, ...facts, ...said };
  if (!details) return shown;
  return {
    ...shown,
    ...(error === undefined || error === reason ? {} : { error }),
    duration_ms: Math.round(durationMs),
    ...(Object.keys(detail).length === 0 ? {} : { detail }),
  };
}

/** `excluded` are the names that the caller wanted left out, and `known` those that there are. */
export function renderVerbose(
  name: string,
  state: ProbeState,
  details: boolean,
  excluded: readonly string[] = [],
  known: ReadonlySet<string> = new Set(),
): Rendered {
  const lines = state.lines.map((line) => verboseLine(line, details));
  if (lines.length === 0) lines.push('[+]ping ok');
  const strange = excluded.filter((one) => !known.has(one));
  if (strange.length > 0) {
    const names = strange.map((one) => JSON.stringify(one)).join(',');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  lines.push(`${name} check ${state.ok ? 'passed' : 'failed'}`);
  return { type: PLAIN, body: `${lines.join('\n')}\n` };
}

function verboseLine({ result, required }: ProbeLine, details: boolean): string {
  const { name, status, reason, error } = result;
  const text = details && error !== undefined && error !== reason ? ` (${oneLine(error)})` : '';
  if (status === 'pass') return `[+]${name} ok`;
  if (status === 'warn') return `[+]${name} ok, warning: ${reason ?? 'unknown'}${text}`;
  return `[-]${name} failed: ${reason ?? 'error'}${text}${required ? '' : ' (not required)'}`;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** One check by itself, as Kubernetes answers for one. */
export function renderOne({ lines: [line], ok }: ProbeState, details: boolean): Rendered {
  const { reason = 'error', error } = line?.result ?? {};
  const text = details && error !== undefined && error !== reason ? ` (${oneLine(error)})` : '';
  return { type: PLAIN, body: ok ? 'ok' : `failed: ${reason}${text}` };
}

type Naming = Pick<CheckDefinition, 'component' | 'componentType'>;

/** `now` is the clock by which the results were dated. */
export function renderHealthJson(
  state: ProbeState,
  details: boolean,
  now: number,
  namingOf: (name: string) => Naming | undefined,
): Rendered {
  const reasons = state.lines.filter(({ result, required }) => required && result.status === 'fail');
  const output = reasons.map(({ result }) => `${result.name}: ${result.reason ?? 'error'}`).join('; ');
  const checks = Object.groupBy(
    state.lines.map(({ result }) => ({ result, naming: namingOf(result.name) })),
    ({ result, naming }) => `${naming?.component ?? result.name}:responseTime`,
  );
  const body = {
    status: overallStatus(state),
    ...(output === '' ? {} : { output }),
    checks: Object.fromEntries(
      Object.entries(checks).map(([key, several = []]) => [
        key,
        several.map(({ result, naming }) => ({
          // The draft's name for which of several it is.
          ...(several.length === 1 ? {} : { componentId: result.name }),
          ...healthJsonCheck(result, naming?.componentType ?? 'system', now, details),
        })),
      ]),
    ),
  };
  return { type: 'application/health+json; charset=utf-8', body: JSON.stringify(body) };
}

function healthJsonCheck(
  { status, reason, error, facts, detail, at, durationMs }: CheckResult,
  componentType: string,
  now: number,
  details: boolean,
): object {
  const words = details && error !== undefined && error !== reason ? `${reason}: ${error}` : reason;
  return {
    componentType,
    observedValue: Math.round(durationMs * 1000) / 1000,
    observedUnit: 'ms',
    status,
    // The registry's clock is never set and stands still while the machine sleeps; the wall's is what people compare with.
    time: new Date(Date.now() - (now - at)).toISOString(),
    // The draft wants no output on a pass.
    ...(status === 'pass' || words === undefined ? {} : { output: words }),
    ...(Object.keys(facts).length > 0 ? { facts } : {}),
    ...(details && Object.keys(detail).length > 0 ? { detail } : {}),
  };
}
