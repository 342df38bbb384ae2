import { expect, test } from 'vitest';
import { parseCases } from './cases.ts';

const good = `{ id: a, profile: p, language: en, category: c, now: 2026-01-01T10:00:00Z, turns: [{ says: hi, expect: { social: true } }] }`;

test('a set is a list of cases', () => {
  expect(parseCases(`[${good}]`, 'set.yaml')).toMatchObject([{ id: 'a', turns: [{ says: 'hi' }] }]);
});

test.each([
  ['no list', 'a: 1', ['no list of cases']],
  ['an empty list', '[]', ['no list of cases']],
  ['no YAML', '[a: {', []],
  [
    'cases that lack something',
    '[{ id: x, turns: [] }, null]',
    [
      'case x lacks profile, language, category, now',
      'case 2 lacks id, profile, language, category, now, turns',
    ],
  ],
  [
    'a time that is none',
    `[${good.replace('2026-01-01T10:00:00Z', 'soon')}]`,
    ['case a: now: "soon" is no time'],
  ],
  [
    'turns that are none',
    `[${good.replace('says: hi', 'say: hi')}, ${good.replace(/expect: .*? }/, 'x: 1')}]`,
    ['case a, turn 1 lacks says', 'case a, turn 1 lacks expect'],
  ],
  [
    'wrong regular expressions',
    `[${good.replace('social: true', "fact: ['(a'], any: [{ not: ['[b'] }]")}]`,
    ['case a, turn 1: Invalid regular expression: /(a/', 'case a, turn 1: Invalid regular expression: /[b/'],
  ],
])('a set with %s is refused, each fault named with the file', (_, text, problems) => {
  let message = '';
  try {
    parseCases(text, 'set.yaml');
  } catch (error) {
    ({ message } = error as Error);
  }
  const lines = message.split('\n');
  expect(lines.every((line) => line.startsWith('set.yaml: '))).toBe(true);
  expect(lines).toHaveLength(Math.max(1, problems.length));
  for (const [at, problem] of problems.entries()) expect(lines[at]).toContain(problem);
});
