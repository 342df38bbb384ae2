import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { classifyError } from '@prosaas/observability';
import { expect, test } from 'vitest';
import { codeOf, readTable } from './support/tables.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** The codes that the checks of the apps write down, as they stand in their sources. */
function codesOfChecks(): Set<string> {
  const places = ['apps/*/src/checks.ts', 'apps/*/src/checks/*.ts', 'packages/runtime/src/redis-settings.ts'];
  const files = globSync(places, { cwd: repository });
  expect(files.length).toBeGreaterThan(8);
  const sources = files
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(repository + file, 'utf8'));
  const patterns = [
    /(?:CheckFailure\(|reason: |reasons\.push\(|\? \[?)'([a-z_]+)'/g,
    /\? '[a-z_]+' : '([a-z_]+)'/g,
  ];
  const found = sources.flatMap((source) => patterns.flatMap((pattern) => [...source.matchAll(pattern)]));
  return new Set(found.map(([, code]) => code ?? ''));
}

/** What stands beside codes in such places and is none. */
const noCodes = new Set(['pass', 'warn', 'fail', 'warns', 'fails']);

test('docs/health.md has every code that a check can fail or warn with', () => {
  const told = new Set(readTable('health.md', 'The codes').map((row) => codeOf(row['code'] ?? '')));
  const wanted = [...codesOfChecks()].filter((code) => !noCodes.has(code));
  expect(wanted).toEqual(expect.arrayContaining(['schema_drift', 'unexpected_answer', 'out_of_memory']));
  expect(wanted.filter((code) => !told.has(code))).toEqual([]);
  const coded = (code: string): Error => Object.assign(new Error(''), { code });
  const classified = ['ECONNREFUSED', 'ETIMEDOUT', '57P03', 'ENOSUCH'].map((code) =>
    classifyError(coded(code)),
  );
  expect(classified.filter((code) => !told.has(code))).toEqual([]);
});
