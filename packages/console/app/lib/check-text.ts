import type { Level } from '../kit/status.tsx';
import type { Check } from './checks.ts';

type NamedStatus = Pick<Check, 'name' | 'status'>;

export const checkLevels: Readonly<Record<Check['status'], Level>> = {
  pass: 'good',
  warn: 'warn',
  fail: 'bad',
};
export const checkLabels: Readonly<Record<Check['status'], string>> = {
  pass: 'passes',
  warn: 'warns',
  fail: 'fails',
};

const SEVERITY_ORDER = { fail: 0, warn: 1, pass: 2 } as const;

/** Failing checks first, then warning ones, otherwise in the given order. */
export const worstFirst = <T extends NamedStatus>(checks: readonly T[]): T[] =>
  checks.toSorted((a, b) => SEVERITY_ORDER[a.status] - SEVERITY_ORDER[b.status]);

/** The announcement for a screen reader when checks have changed; empty when none has. */
export function describeChanges(before: readonly NamedStatus[], after: readonly NamedStatus[]): string {
  const known = new Map(before.map(({ name, status }) => [name, status]));
  const changed = after.filter(({ name, status }) => known.has(name) && known.get(name) !== status);
  if (changed.length === 0) return '';
  const wrong = after.filter(({ status }) => status !== 'pass').length;
  const each = worstFirst(changed).map(
    ({ name, status }) => `${name} ${status === 'pass' ? 'passes again' : checkLabels[status]}`,
  );
  return `${each.join(', ')}. ${wrong === 0 ? 'All checks pass.' : `${wrong} of ${after.length} do not pass.`}`;
}

/** Facts with readable names (`oldest_age_seconds` as `oldest age seconds`) and values as text. */
export function describeFacts(facts: Readonly<Record<string, unknown>>): [name: string, value: string][] {
  return Object.entries(facts).map(([name, value]) => [name.replaceAll('_', ' '), textOf(value)]);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return value.length === 0 ? 'none' : value.join(', ');
  if (Array.isArray(value)) return value.map(textOf).join('; ');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'none';
  const parts = describeFacts(value as Record<string, unknown>).map(([name, text]) => `${name} ${text}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}
