import { expect, test } from 'vitest';
import { BadUsage, parseOptions, usage } from './options.ts';

test('the defaults are those in the usage', () => {
  const { limits, windowSeconds, timeoutMs } = parseOptions([]);
  const documented = [...usage.matchAll(/^ {2}--.*\(([\d,]+)\)$/gm)].map(([, value]) => value);
  expect([
    ...Object.values(limits).map(({ warning, critical }) => `${warning},${critical}`),
    String(windowSeconds),
    String(timeoutMs / 1000),
  ]).toEqual(documented);
});

test('drops a trailing slash from the address', () => {
  expect(parseOptions(['--url', 'https://desk.example/api/']).url).toBe('https://desk.example/api');
  expect(parseOptions(['--url', 'https://desk.example']).url).toBe('https://desk.example');
});

test.each([
  ['--colour', "Unknown option '--colour'"],
  ['status', "Unexpected argument 'status'"],
  ['--url', "'--url <value>' argument missing"],
  ['--url localhost:5000', '--url must be an address'],
  ['--heartbeat 60', '--heartbeat must be two whole numbers'],
  ['--heartbeat 90,60', '--heartbeat must be two whole numbers'],
  ['--dead-letter 1,-5', '--dead-letter must be two whole numbers'],
  ['--stalled 1,2,3', '--stalled must be two whole numbers'],
  ['--window 0', '--window must be a number of seconds from 1 to 86400'],
  ['--timeout 2m', '--timeout must be a number of seconds from 1 to 60'],
])('refuses "%s"', (args, message) => {
  expect(() => parseOptions(args.split(' '))).toThrow(BadUsage);
  expect(() => parseOptions(args.split(' '))).toThrow(message);
});
