import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkNames } from '../../apps/api/src/checks/names.ts';
import { readRunbook } from '../../apps/api/src/runbook.ts';
import { codeOf, readTable } from './support/tables.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

function readSources(...places: string[]): string {
  const files = globSync(places, { cwd: repository }).filter((file) => !file.endsWith('.test.ts'));
  expect(files.length).toBeGreaterThanOrEqual(places.length);
  return files.map((file) => readFileSync(repository + file, 'utf8')).join('\n');
}

/** Everything that `pattern` captures. */
const allOf = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].flatMap(([, ...found]) => found).filter((one) => one !== undefined);

/** The sources of the checks of all services. */
const checks = readSources(
  'apps/*/src/checks.ts',
  'apps/*/src/checks/*.ts',
  'packages/telemetry/src/checks/*.ts',
  'packages/runtime/src/redis-settings.ts',
  'packages/observability/src/health/{probe,registry,run-check}.ts',
);
/** The sources that turn errors into codes. */
const classifications = readSources(
  'packages/observability/src/health/classify-error.ts',
  'packages/database/src/database-error.ts',
);
/** States that the checks `agent` and `voice` of the calls service use as codes. */
const loadStates = allOf(
  allOf(readSources('packages/agentkit/src/agent.ts'), /export type LoadState = (.*);/g)[0] ?? '',
  /'([a-z]+)'/g,
);

/** Codes where a check fails or warns. */
function codesOfChecks(): string[] {
  const literal = /(?:CheckFailure\(|reason: |reasons\.push\(|\? \[?)'([a-z_]+)'/g;
  const otherwise = /\? '[a-z_]+' : '([a-z_]+)'/g;
  const list = allOf(checks, /const WORST_FIRST = \[([^\]]*)\]/g).join();
  const remedies = allOf(checks, /const remedies[^=]*= \{([^}]*)\}/g).join();
  return [
    ...allOf(checks, literal),
    ...allOf(checks, otherwise),
    ...allOf(list, /'([a-z_]+)'/g),
    ...allOf(remedies, /^ +([a-z_]+):/gm),
  ];
}

/** Families: prefixes of codes that come from another check. */
const prefixes = [
  ...allOf(checks, /prefix: '([a-z_]+_)'/g),
  ...allOf(checks, /`([a-z_]+_)\$\{failedWrite\}`/g),
].map((prefix) => `${prefix}*`);

/** Words that the patterns find beside codes, but that are not codes. */
const otherWords = new Set(['pass', 'warn', 'fail', 'warns', 'fails', 'string']);

const produced = new Set(
  [
    ...codesOfChecks(),
    ...allOf(classifications, /(?:return |: |, )'([a-z_]+)'[,;\]}]/g).filter((code) => !isKind(code)),
    ...allOf(classifications, /reason: '([a-z_]+)'/g),
    ...allOf(classifications, /^ {4}'([a-z_]+)',$/gm),
    ...loadStates.filter((state) => state !== 'warm'),
    ...prefixes,
  ].filter((code) => !otherWords.has(code)),
);

/** Whether this is a kind of error, which the services use internally. */
function isKind(code: string): boolean {
  return classifications.includes(`| '${code}'`);
}

/** The names of the checks that the services define, each an object literal with a name and a `componentType`. */
const definedChecks = allOf(checks, /\bname: '([a-z]+)'(?:(?!\bname: )[^}])*\bcomponentType: '/g);

const rows = readTable('observability.md', 'The codes');
const documented = new Set(rows.map((row) => codeOf(row['code'] ?? '')));

test('docs/observability.md lists exactly the codes with which checks can fail or warn', () => {
  // Without this, the test would pass if the patterns above found nothing.
  expect([...produced]).toEqual(
    expect.arrayContaining([
      'schema_drift',
      'unexpected_answer',
      'stale',
      'dead_letter_filling',
      'shutting_down',
      'disk_full',
      'permission_denied',
      'append_failed',
      'refused',
      'error',
      'loading',
      'redis_*',
      'database_*',
    ]),
  );
  expect([...documented].toSorted()).toEqual([...produced].toSorted());
});

test('docs/observability.md names exactly the checks of the services', () => {
  // Fails if the pattern misses a definition, for example one whose name comes last.
  expect(definedChecks).toHaveLength(checks.split(/\bcomponentType: '/).length - 1);
  const named = new Set(rows.flatMap((row) => allOf(row['of which check'] ?? '', /`([a-z]+)`/g)));
  const registered = new Set([...definedChecks, 'shutdown']);
  expect([...named].toSorted()).toEqual([...registered].toSorted());
});

test('docs/observability.md explains every code of every check, and docs/runbook.md says what to do', () => {
  const runbook = readRunbook();
  const registered = [...new Set(definedChecks)];
  const missing: string[] = [];
  for (const row of rows) {
    const named = allOf(row['of which check'] ?? '', /`([a-z]+)`/g);
    for (const check of named.length === 0 ? registered : named) {
      // A family stands for any fault of Redis or PostgreSQL.
      const reason = codeOf(row['code'] ?? '').replace('*', 'timeout');
      for (const { code, means, title, what_to_do: blocks } of runbook.advise(check, reason))
        if (!means || !title || blocks.length === 0) missing.push(`${check} ${code}`);
    }
  }
  expect(missing).toEqual([]);
  expect(registered).toEqual(expect.arrayContaining([...checkNames]));
});

test('an item of the runbook about one code is shown only for that code', () => {
  const runbook = readRunbook();
  const items = (check: string, code: string): string[] =>
    runbook
      .advise(check, code)
      .flatMap(({ what_to_do: blocks }) => blocks.filter(({ kind }) => kind === 'item'))
      .flatMap(({ text }) => /^`([a-z_]+)`/.exec(text)?.[1] ?? []);
  expect(items('database', 'disk_full')).toEqual(['disk_full']);
  expect(items('redis', 'out_of_memory')).toEqual(['out_of_memory']);
  expect(items('workers', 'redis_refused')).toEqual(['refused']);
  expect(items('workers', 'too_few')).toEqual(['too_few']);
  expect(items('queues', 'stuck')).toEqual(['stuck']);
  expect(items('queues', 'database_read_only')).toEqual(['read_only']);
});

test('docs/observability.md describes each check of the api', () => {
  const described = readTable('observability.md', 'The checks').map((row) => codeOf(row['check'] ?? ''));
  expect(described).toEqual([...checkNames]);
});
