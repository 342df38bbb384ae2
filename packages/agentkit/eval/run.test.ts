import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

// Each child process reads all languages while other tests run.
vi.setConfig({ testTimeout: 180_000 });

const folder = mkdtempSync(join(tmpdir(), 'eval-'));
const one =
  '{ id: a, profile: default, language: en, category: c, now: 2026-01-12T10:00:00Z, turns: [{ says: hi, expect: { social: true } }] }';

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const script = join(import.meta.dirname, 'run.ts');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@prosaas/source', script, ...args],
    {
      encoding: 'utf8',
    },
  );
  return { status, stdout, stderr };
}

test('the shipped sets reach their floors without a needless hand-off', () => {
  const { status, stdout, stderr } = run();
  expect([status, stderr]).toEqual([0, '']);
  const scores = stdout.match(/^score .*$/gm) ?? [];
  expect(scores).toHaveLength(4);
  for (const score of scores)
    expect(score).toMatch(
      /^score 0\.\d\d: \d+ right, \d+ partly, \d+ wrong, \d+ missed, 0 needlessly handed off, of \d+$/,
    );
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(scores.at(-1));
});

test('exits with 1 and a message if a score is below the floor', () => {
  const set = file('good.yaml', `[${one}]`);
  const profiles = join(import.meta.dirname, 'profiles');
  expect(run(set, '--profiles', profiles, '--floor', '1')).toMatchObject({ status: 0, stderr: '' });
  expect(run(set, '--profiles', profiles, '--floor', '1.1')).toMatchObject({
    status: 1,
    stderr: 'good.yaml: 1.000 is below 1.1\n',
  });
});

test('prints help', () => {
  const { status, stdout } = run('--help');
  expect([status, stdout.split('\n')[0]]).toEqual([
    0,
    'usage: npm run eval [-- FILE --profiles DIR --floor N]',
  ]);
});

test.each([
  ['a missing file', [join(folder, 'none.yaml')], 'none.yaml: cannot be read: ENOENT'],
  ['a missing profile', [file('lost.yaml', `[${one}]`)], 'default.yaml: cannot be read: ENOENT'],
  ['a floor that is not a number', ['--floor', 'high'], '--floor: "high" is no number'],
  ['an empty floor', ['--floor', ''], '--floor: "" is no number'],
  ['two files', ['a', 'b'], 'one FILE at most'],
  ['an option that does not exist', ['--flor', '1'], "Unknown option '--flor'"],
  [
    'an invalid regular expression in a set',
    [file('wrong.yaml', `[${one.replace('social: true', "fact: ['(']")}]`)],
    'wrong.yaml: case a, turn 1: Invalid regular expression: /(/',
  ],
  ['an invalid set', [file('none-at-all.yaml', 'a: 1')], 'none-at-all.yaml: no list of cases'],
])('reports %s on stderr without a stack trace and exits with 2', (_, args, message) => {
  const { status, stdout, stderr } = run(...args);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^\s+at /m);
});
