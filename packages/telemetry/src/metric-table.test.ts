import { readFileSync } from 'node:fs';
import type { MetricDefinition } from '@prosaas/observability';
import { expect, test } from 'vitest';
import { businessMetricNames, catalogue, metricPrefix } from './catalogue.ts';

const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');

function cellsOf([name, { type, help, labels = {}, aggregate, standard }]: [
  string,
  MetricDefinition,
]): string[] {
  const exposed = `${standard ? '' : metricPrefix}${name}${type === 'counter' ? '_total' : ''}`;
  const kind = type === 'gauge' ? `gauge, ${aggregate ?? 'sum'}` : type;
  const named = Object.keys(labels).map((label) => `\`${label}\``);
  const inJson = businessMetricNames.includes(name) ? `\`${name}\`` : '';
  return [`\`${exposed}\``, kind, named.join(', '), help, inJson];
}

const rowOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

test('docs/metrics.md lists every metric as the catalogue describes it, and no others', () => {
  const rows = page.split('\n').filter((line) => /^\| `(?:prosaas|process|nodejs)_/.test(line));
  const cells = rows.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const counted = cells.filter(([name]) => !name?.startsWith(`\`${metricPrefix}metrics_`));
  expect(counted.map(rowOf)).toEqual(Object.entries<MetricDefinition>(catalogue).map(cellsOf).map(rowOf));
});
