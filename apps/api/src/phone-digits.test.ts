import { ValidationFailed } from '@prosaas/http';
import { expect, test } from 'vitest';
import { digitsOf } from './phone-digits.ts';

test.each([
  ['+49 170 1234567', '491701234567'],
  ['+49 (0)170 123-45 67', '491701234567'],
  ['+1 (555) 123-4567', '15551234567'],
  ['972.50.1234567', '972501234567'],
  ['12345', '12345'],
  ['1'.repeat(20), '1'.repeat(20)],
])('reads %s as %s', (number, digits) => {
  expect(digitsOf(number)).toBe(digits);
});

test.each([
  '',
  '+',
  '1234',
  '1'.repeat(21),
  '0170 1234567',
  '0049 170 1234567',
  '49+1701234567',
  '49 17O 1',
  '+49\n1701234',
])('refuses %j', (number) => {
  expect(() => digitsOf(number)).toThrow(ValidationFailed);
});

test('returns null and undefined unchanged', () => {
  expect([digitsOf(null), digitsOf(undefined)]).toEqual([null, undefined]);
});
