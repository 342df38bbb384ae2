import { expect, test } from 'vitest';
import { BadUsage, parseOptions, usage } from './options.ts';

test('without arguments the defaults are those that the usage names', () => {
  const { limits, windowSeconds, timeoutMs } = parseOptions([]);
  const told = [...usage.matchAll(/^ {2}--.*\(([\d,]+)\)$/gm)].map(([, value]) => value);
  expect([
    ...Object.values(limits).map(({ warning, critical }) => `${warning},${critical}`),
    String(windowSeconds),
    String(timeoutMs / 1000),
  ]).toEqual(told);
});

test('an address loses the slash at its end', () => {
  expect(parseOptions(['--url', 'https://desk.example/api/']).url).toBe('https://desk.example/api');
  expect(parseOptions(['--url', 'https://desk.example']).url).toBe('https://desk.example');
});

test.each([
  ['--colour', "Unknown option '--colour'"],
  ['status', "Unexpected argument 'status'"],
  ['--url', "'--url <value>' argument missing"],
  ['--url localhost:5000', '--url is an address'],
  ['--heartbeat 60', '--heartbeat is two whole numbers'],
  ['--heartbeat 90,60', '--heartbeat is two whole numbers'],
  ['--dead-letter 1,-5', '--dead-letter is two whole numbers'],
  ['--stalled 1,2,3', '--stalled is two whole numbers'],
  ['--window 0', '--window is a number of seconds from 1 to 86400'],
  ['--timeout 2m', '--timeout is a number of seconds from 1 to 60'],
])('"%s" is no good argument', (args, said) => {
  expect(() => parseOptions(args.split(' '))).toThrow(BadUsage);
  expect(() => parseOptions(args.split(' '))).toThrow(said);
});
