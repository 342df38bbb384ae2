import { expect, test } from 'vitest';
import { describeChanges, describeFacts, worstFirst } from './check-text.ts';

const checks = (text: string): { name: string; status: 'pass' | 'warn' | 'fail' }[] =>
  text.split(' ').map((one) => {
    const [name, status] = one.split(':') as [string, 'pass'];
    return { name, status };
  });

test.each([
  ['redis:pass queues:pass', 'redis:pass queues:pass', ''],
  ['redis:pass queues:pass', 'redis:fail queues:pass', 'redis fails. 1 of 2 do not pass.'],
  ['redis:pass queues:pass', 'redis:warn queues:fail', 'queues fails, redis warns. 2 of 2 do not pass.'],
  ['redis:fail queues:pass', 'redis:pass queues:pass', 'redis passes again. All checks pass.'],
  ['redis:pass', 'redis:pass queues:fail', ''],
])('from %s to %s is announced as "%s"', (before, after, text) => {
  expect(describeChanges(checks(before), checks(after))).toBe(text);
});

test('sorts failing checks first, then warning ones', () => {
  expect(
    worstFirst(checks('a:pass b:warn c:fail d:warn'))
      .map(({ name }) => name)
      .join(''),
  ).toBe('cbda');
});

test('describes facts of any shape', () => {
  expect(
    describeFacts({
      oldest_age: 3,
      late: ['a', 'b'],
      none: [],
      deep: { x: 1 },
      list: [{ of_it: 2, why: null }, {}],
    }),
  ).toEqual([
    ['oldest age', '3'],
    ['late', 'a, b'],
    ['none', 'none'],
    ['deep', 'x 1'],
    ['list', 'of it 2, why null; none'],
  ]);
});
