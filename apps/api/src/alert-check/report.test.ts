import { expect, test } from 'vitest';
import type { Finding } from './finding.ts';
import { exitCodes, report } from './report.ts';

const finding = (level: Finding['level'], subject: string, text = 'is wrong'): Finding => ({
  level,
  subject,
  text,
});

test('without a finding all is well', () => {
  expect(report([], 'healthy', [])).toEqual({ level: 'OK', text: 'PROSAAS OK: healthy' });
});

test('the worst comes first, and each has a line', () => {
  const found = [finding('UNKNOWN', 'c'), finding('WARNING', 'b'), finding('CRITICAL', 'a')];
  const { level, text } = report(found, 'healthy', []);
  expect([level, exitCodes[level]]).toEqual(['CRITICAL', 2]);
  expect(text.split('\n')).toEqual([
    'PROSAAS CRITICAL: a, b, c',
    'CRITICAL: a: is wrong',
    'WARNING: b: is wrong',
    'UNKNOWN: c: is wrong',
  ]);
});

test('numbers stand behind the first line, with their limits', () => {
  const { text } = report([finding('WARNING', 'a')], '', [
    { name: 'age', value: 61.5, unit: 's', limits: { warning: 60, critical: 90 } },
    { name: 'jobs', value: 7, unit: 'c' },
    { name: 'calls', value: 0 },
  ]);
  expect(text).toBe('PROSAAS WARNING: a | age=61.5s;60;90;0 jobs=7c calls=0\nWARNING: a: is wrong');
});

test('an error text can neither begin a line nor the numbers', () => {
  expect(report([finding('CRITICAL', 'a', 'one\ntwo | x=1')], '', []).text).toBe(
    'PROSAAS CRITICAL: a\nCRITICAL: a: one two / x=1',
  );
});
