import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type ProfileError, loadProfile, parseProfile } from './read-profile.ts';

const shipped = await readFile(new URL('../../profiles/default.yaml', import.meta.url), 'utf8');

function problemsOf(text: string): string[] {
  try {
    parseProfile(text, 'mine.yaml');
    return [];
  } catch (error) {
    return (error as ProfileError).problems;
  }
}

test('the shipped profile is sound', async () => {
  expect(await loadProfile()).toMatchObject({ name: 'Front Desk', timeZone: 'UTC' });
});

test('every fault of a profile is named at once, with its place', () => {
  const broken = shipped
    .replace(/^name: .*$/m, 'nmae: Desk')
    .replace('09:00-18:00', '9-18')
    .replace(/greeting: Hello.*$/m, 'greeting: 7');
  const problems = problemsOf(broken).join('\n');
  expect(problems).toContain('unknown nmae');
  expect(problems).toContain('lacks name');
  expect(problems).toContain('hours.week.monday.0');
  expect(problems).toContain('greeting: must be string');
});

test('a zone, a language and questions that make no sense are named', () => {
  const broken = shipped
    .replace('timeZone: UTC', 'timeZone: Mars/Base')
    .replace('language: en', 'language: "?"')
    .replace('Do you offer gift vouchers?', 'Where are you located?');
  expect(problemsOf(broken)).toEqual([
    'timeZone: "Mars/Base" is not an IANA time zone such as Europe/Berlin',
    'language: "?" is not a language tag such as en or he',
    expect.stringMatching(/^faq\.\d+\.question: stands twice/),
  ]);
});

test('broken YAML is reported with its line, a missing file with its reason', async () => {
  expect(problemsOf('name: [')).toEqual([expect.stringMatching(/^line 1: /)]);
  await expect(loadProfile('/nowhere/profile.yaml')).rejects.toThrow(
    '/nowhere/profile.yaml: cannot be read: ENOENT',
  );
});
