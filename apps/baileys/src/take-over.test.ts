import { expect, test } from 'vitest';
import { decideTakeOver } from './take-over.ts';

const MINUTE = 60_000;

test.each([
  // age, since the customer's message, chats with the same text
  ['an answer', 1000, 20_000, 1, 'takes_over'],
  ['a first message to somebody', 1000, null, 1, 'takes_over'],
  ['a clock that is ahead', -2000, 20_000, 1, 'takes_over'],
  ['a second chat with the same text', 1000, 20_000, 2, 'takes_over'],
  ['a third chat with the same text', 1000, 20_000, 3, 'same_text'],
  ['a third chat, written to first', 1000, null, 3, 'same_text'],
  ['in the second of the question', 1000, 0, 1, 'automatic'],
  ['three seconds after the question', 1000, 3000, 1, 'automatic'],
  ['four seconds after the question', 1000, 4000, 1, 'takes_over'],
  ['ten minutes old', 10 * MINUTE, 20_000, 1, 'takes_over'],
  ['older than ten minutes', 10 * MINUTE + 1, 20_000, 1, 'late'],
  ['old, and in three chats', 11 * MINUTE, 20_000, 3, 'same_text'],
] as const)('%s', (_name, ageMs, sinceCustomerMs, chats, expected) => {
  expect(decideTakeOver({ ageMs, sinceCustomerMs, chats })).toBe(expected);
});
