import { expect, test } from 'vitest';
import { parseLogLevel } from './log-level.ts';

test.each([
  ['DEBUG', 'debug'],
  ['INFO', 'info'],
  ['WARNING', 'warn'],
  ['ERROR', 'error'],
  ['CRITICAL', 'fatal'],
  ['Warning', 'warn'],
  ['warn', 'warn'],
  ['fatal', 'fatal'],
  ['trace', 'trace'],
  ['silent', 'silent'],
])('%s is the level %s', (text, level) => {
  expect(parseLogLevel(text)).toBe(level);
});

test.each(['', 'verbose', '30', 'toString'])('%j is refused with the list of valid names', (text) => {
  expect(() => parseLogLevel(text)).toThrow(/DEBUG, INFO, WARNING, ERROR, CRITICAL/);
});
