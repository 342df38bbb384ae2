import type { Totals } from './api-answers.ts';
import type { Finding, Level, Limits } from './finding.ts';
import type { CheckOptions } from './options.ts';
import type { Rises } from './readings.ts';

/** Exit codes, first line and performance data follow https://nagios-plugins.org/doc/guidelines.html. */
export const exitCodes: Readonly<Record<Level, number>> = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 };

const WORST_FIRST = ['CRITICAL', 'WARNING', 'UNKNOWN'] as const;

/** Performance data of a Nagios plugin. */
interface Measure {
  name: string;
  value: number;
  /** `s`: seconds. `c`: counter. */
  unit?: 's' | 'c';
  limits?: Limits;
}

export interface Report {
  level: Level;
  text: string;
}

/** The first line has the state, the subjects and the measures. Then each finding has a line, the worst first. */
export function report(findings: readonly Finding[], okText: string, measures: readonly Measure[]): Report {
  const sorted = WORST_FIRST.flatMap((level) => findings.filter((finding) => finding.level === level));
  const level = sorted[0]?.level ?? 'OK';
  const subjects = [...new Set(sorted.map(({ subject }) => subject))].join(', ');
  const numbers = measures.length === 0 ? '' : ` | ${measures.map(showMeasure).join(' ')}`;
  const lines = sorted.map(
    ({ level: one, subject, text }) => `${one}: ${toOneLine(subject)}: ${toOneLine(text)}`,
  );
  return {
    level,
    text: [`PROSAAS ${level}: ${toOneLine(subjects || okText)}${numbers}`, ...lines].join('\n'),
  };
}

/** In one line, and without `|`, which separates performance data. */
const toOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('|', '/');

function showMeasure({ name, value, unit, limits }: Measure): string {
  return `${name}=${value}${unit ?? ''}${limits === undefined ? '' : `;${limits.warning};${limits.critical};0`}`;
}

/** All values that are known. */
export function measuresOf({
  age,
  totals,
  rises,
  limits,
}: {
  age: number | null | undefined;
  totals: Pick<Totals, 'counters' | 'gauges'> | undefined;
  rises: Rises | undefined;
  limits: CheckOptions['limits'];
}): Measure[] {
  const { counters = {}, gauges = {} } = totals ?? {};
  return [
    ...(typeof age === 'number'
      ? [{ name: 'heartbeat_age', value: age, unit: 's', limits: limits.heartbeat } as const]
      : []),
    ...(rises
      ? [
          { name: 'dead_letter_rise', value: rises.deadLetter, limits: limits.deadLetter },
          { name: 'calls_rejected_rise', value: rises.callsRejected, limits: limits.callsRejected },
          { name: 'stalled_jobs', value: rises.stalled, limits: limits.stalled },
        ]
      : []),
    ...Object.entries(counters).map(([name, value]) => ({ name, value, unit: 'c' }) as const),
    ...Object.entries(gauges).map(([name, value]) => ({ name, value })),
  ];
}
