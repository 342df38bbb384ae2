import type { CheckDefinition, CheckResult, CheckStatus } from './check.ts';
import type { Probe, ProbeLine, ProbeReport, ProbeState, ShownCheck } from './probe.ts';

/** A response body and its content type. */
export interface Rendered {
  readonly type: string;
  readonly body: string;
}

const PLAIN = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

/** A check that is not required can make the whole a warning, but not a failure. */
function overallStatus({ ok, lines }: ProbeState): CheckStatus {
  if (!ok) return 'fail';
  return lines.every(({ result }) => result.status === 'pass') ? 'pass' : 'warn';
}

/** The probe's own body: its JSON or text. */
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

function showCheck(result: CheckResult, details: boolean): ShownCheck {
  const { status, reason, facts, detail, error, durationMs } = result;
  const outcome = { status, ...(reason === undefined ? {} : { reason }) };
  // First so that it comes first in the JSON, and last so that it wins over a fact of the same name.
  const shown = { ...outcome, ...facts, ...outcome };
  if (!details) return shown;
  return {
    ...shown,
    ...(error === undefined || error === reason ? {} : { error }),
    duration_ms: Math.round(durationMs),
    ...(Object.keys(detail).length === 0 ? {} : { detail }),
  };
}

/**
 * The text form of `kube-apiserver` for `?verbose`: https://kubernetes.io/docs/reference/using-api/health-checks/
 *
 * @param excluded names in the request's `?exclude`
 * @param known names that can be excluded
 */
export function renderVerbose(
  name: string,
  state: ProbeState,
  details: boolean,
  excluded: readonly string[] = [],
  known: ReadonlySet<string> = new Set(),
): Rendered {
  const lines = state.lines.map((line) => verboseLine(line, details));
  if (lines.length === 0) lines.push('[+]ping ok');
  const unknown = excluded.filter((one) => !known.has(one));
  if (unknown.length > 0) {
    const names = unknown.map((one) => JSON.stringify(one)).join(',');
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

/** One check by itself: `ok`, or `failed:` with the reason. */
export function renderOne({ lines: [line], ok }: ProbeState, details: boolean): Rendered {
  const { reason = 'error', error } = line?.result ?? {};
  const text = details && error !== undefined && error !== reason ? ` (${oneLine(error)})` : '';
  return { type: PLAIN, body: ok ? 'ok' : `failed: ${reason}${text}` };
}

type ComponentNames = Pick<CheckDefinition, 'component' | 'componentType'>;

/**
 * https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06
 *
 * @param now the time of the clock by which the results are dated
 */
export function renderHealthJson(
  state: ProbeState,
  details: boolean,
  now: number,
  componentOf: (name: string) => ComponentNames | undefined,
): Rendered {
  const failing = state.lines.filter(({ result, required }) => required && result.status === 'fail');
  const output = failing.map(({ result }) => `${result.name}: ${result.reason ?? 'error'}`).join('; ');
  const checks = Object.groupBy(
    state.lines.map(({ result }) => ({ result, component: componentOf(result.name) })),
    ({ result, component }) => `${component?.component ?? result.name}:responseTime`,
  );
  const body = {
    status: overallStatus(state),
    ...(output === '' ? {} : { output }),
    checks: Object.fromEntries(
      Object.entries(checks).map(([key, several = []]) => [
        key,
        several.map(({ result, component }) => ({
          // Tells several checks of one component apart.
          ...(several.length === 1 ? {} : { componentId: result.name }),
          ...healthJsonCheck(result, component?.componentType ?? 'system', now, details),
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
  const text = details && error !== undefined && error !== reason ? `${reason}: ${error}` : reason;
  return {
    componentType,
    observedValue: Math.round(durationMs * 1000) / 1000,
    observedUnit: 'ms',
    status,
    // The registry's clock is monotonic and stands still while the machine sleeps; readers compare with the system clock.
    time: new Date(Date.now() - (now - at)).toISOString(),
    // The draft allows no output on a pass.
    ...(status === 'pass' || text === undefined ? {} : { output: text }),
    ...(Object.keys(facts).length > 0 ? { facts } : {}),
    ...(details && Object.keys(detail).length > 0 ? { detail } : {}),
  };
}
