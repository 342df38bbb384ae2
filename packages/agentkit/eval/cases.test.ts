import { expect, test } from 'vitest';
import { parseCases } from './cases.ts';

const good = `{ id: a, profile: p, language: en, category: c, now: 2026-01-01T10:00:00Z, turns: [{ says: hi, expect: { social: true } }] }`;

test('reads a list of cases', () => {
  expect(parseCases(`[${good}]`, 'set.yaml')).toMatchObject([{ id: 'a', turns: [{ says: 'hi' }] }]);
});

test.each([
  ['a map instead of a list', 'a: 1', ['no list of cases']],
  ['an empty list', '[]', ['no list of cases']],
  ['invalid YAML', '[a: {', []],
  [
    'missing fields',
    '[{ id: x, turns: [] }, null]',
    [
      'case x lacks profile, language, category, now',
      'case 2 lacks id, profile, language, category, now, turns',
    ],
  ],
  [
    'an invalid time',
    `[${good.replace('2026-01-01T10:00:00Z', 'soon')}]`,
    ['case a: now: "soon" is no time'],
  ],
  [
    'invalid turns',
    `[${good.replace('says: hi', 'say: hi')}, ${good.replace(/expect: .*? }/, 'x: 1')}]`,
    ['case a, turn 1 lacks says', 'case a, turn 1 lacks expect'],
  ],
  [
    'invalid regular expressions',
    `[${good.replace('social: true', "fact: ['(a'], any: [{ not: ['[b'] }]")}]`,
    ['case a, turn 1: Invalid regular expression: /(a/', 'case a, turn 1: Invalid regular expression: /[b/'],
  ],
])('rejects a set with %s and names the file in each fault', (_, text, problems) => {
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
