import { expect, test } from 'vitest';
import { WrongArguments, readArguments } from './arguments.ts';
import { readKeys } from './find-stack.ts';

test('without arguments the demo uses the stack of npm start and has no time limit', () => {
  expect(readArguments([])).toEqual({ minutes: undefined, compose: false, seed: undefined });
  expect(readArguments(['--minutes', '0.5', '--compose', '--seed=7'])).toEqual({
    minutes: 0.5,
    compose: true,
    seed: 7,
  });
});

test.each([
  [['--minutes', 'soon'], '--minutes must be a number from 0.01 to 10000, not "soon"'],
  [['--minutes='], '--minutes must be a number'],
  [['--minutes', '0'], '--minutes must be a number'],
  [['--minutes', '1e9'], '--minutes must be a number'],
  [['--minutes'], "'--minutes <value>' argument missing"],
  [['--minutes', '-1'], "'--minutes' argument is ambiguous"],
  [['--seed', 'x'], '--seed must be a number'],
  [['--wat'], "Unknown option '--wat'"],
  [['1'], "Unexpected argument '1'"],
  [['--compose=yes'], "'--compose' does not take an argument"],
])('rejects %j in one line with the usage', (args, reason) => {
  const read = (): unknown => readArguments(args);
  expect(read).toThrow(WrongArguments);
  expect(read).toThrow(reason);
  expect(read).toThrow(/^[^\n]+\. Usage: npm run demo -- \[--minutes N\] \[--compose\] \[--seed N\]$/);
});

test("reads the keys from the api container's output, and the first of several metrics tokens", () => {
  expect(readKeys(['ADMIN_KEY=a=b', 'METRICS_TOKEN=one,two', '', 'no key in force'])).toEqual({
    ADMIN_KEY: 'a=b',
    METRICS_TOKEN: 'one',
  });
});
