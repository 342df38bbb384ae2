import { expect, test } from 'vitest';
import type { Finding } from './finding.ts';
import { exitCodes, report } from './report.ts';

const finding = (level: Finding['level'], subject: string, text = 'is wrong'): Finding => ({
  level,
  subject,
  text,
});

test('is OK without findings', () => {
  expect(report([], 'healthy', [])).toEqual({ level: 'OK', text: 'PROSAAS OK: healthy' });
});

test('lists each finding in a line, the worst first', () => {
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

test('appends measures with their limits to the first line', () => {
  const { text } = report([finding('WARNING', 'a')], '', [
    { name: 'age', value: 61.5, unit: 's', limits: { warning: 60, critical: 90 } },
    { name: 'jobs', value: 7, unit: 'c' },
    { name: 'calls', value: 0 },
  ]);
  expect(text).toBe('PROSAAS WARNING: a | age=61.5s;60;90;0 jobs=7c calls=0\nWARNING: a: is wrong');
});

test('a text can start neither a new line nor performance data', () => {
  expect(report([finding('CRITICAL', 'a', 'one\ntwo | x=1')], '', []).text).toBe(
    'PROSAAS CRITICAL: a\nCRITICAL: a: one two / x=1',
  );
});
