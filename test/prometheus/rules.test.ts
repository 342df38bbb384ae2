import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { repository } from '../spec/support/npm-start.ts';
import { findPrometheus } from '../spec/support/prometheus.ts';
import { codeOf, readTable } from '../spec/support/tables.ts';

const rules = globSync('deploy/prometheus/rules*.yml', { cwd: repository }).toSorted();
const configurations = globSync('deploy/prometheus/prometheus*.yml', { cwd: repository });
const tests = globSync('test/prometheus/*.yml', { cwd: repository }).toSorted();

interface Rule {
  alert: string;
  expr: string;
}

const alertsOf = (file: string): string[] => {
  const { groups } = parse(readFileSync(repository + file, 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules.map(({ alert }) => alert));
};

test('the table in docs/alerting.md lists exactly the alerts of the rules', () => {
  const documented = readTable('alerting.md', 'The alerts').map(
    (row) => [codeOf(row['alert'] ?? ''), codeOf(row['in'] ?? '')] as const,
  );
  const existing = rules.flatMap((file) => alertsOf(file).map((alert) => [alert, basename(file)] as const));
  expect(documented).toHaveLength(existing.length);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(existing));
});

test('each alert has a test in which it fires and one in which it is cleared', () => {
  for (const alert of rules.flatMap(alertsOf)) {
    const cases = tests.flatMap((file) => {
      const { tests: groups } = parse(readFileSync(repository + file, 'utf8')) as {
        tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
      };
      return groups.flatMap(({ alert_rule_test: all }) => all.filter(({ alertname }) => alertname === alert));
    });
    const fires = cases.findIndex(({ exp_alerts: expected = [] }) => expected.length > 0);
    expect([alert, fires >= 0, (cases.at(-1)?.exp_alerts ?? []).length]).toEqual([alert, true, 0]);
  }
});

const tools = findPrometheus();

test.skipIf(!tools).each([
  ['check config', ['check', 'config', '--syntax-only', ...configurations]],
  ['check rules', ['check', 'rules', ...rules]],
  ['test rules', ['test', 'rules', ...tests]],
])('promtool %s', (_name, args) => {
  const { status, stdout, stderr } = spawnSync(tools?.promtool ?? '', args, {
    cwd: repository,
    encoding: 'utf8',
  });
  expect(status, stdout + stderr).toBe(0);
});
