import { expect, test } from 'vitest';
import { decideTakeOver } from './take-over.ts';

const MINUTE = 60_000;

test.each([
  // ageMs, sinceCustomerMs, chats
  ['an answer', 1000, 20_000, 1, 'takes_over'],
  ['a first message to somebody', 1000, null, 1, 'takes_over'],
  ['a clock that is ahead', -2000, 20_000, 1, 'takes_over'],
  ['a second chat with the same text', 1000, 20_000, 2, 'takes_over'],
  ['a third chat with the same text', 1000, 20_000, 3, 'same_text'],
  ['a third chat, written to first', 1000, null, 3, 'same_text'],
  ['an answer in the same second as the question', 1000, 0, 1, 'automatic'],
  ['an answer after three seconds', 1000, 3000, 1, 'automatic'],
  ['an answer after four seconds', 1000, 4000, 1, 'takes_over'],
  ['a message that is ten minutes old', 10 * MINUTE, 20_000, 1, 'takes_over'],
  ['a message that is older than ten minutes', 10 * MINUTE + 1, 20_000, 1, 'late'],
  ['an old message in three chats', 11 * MINUTE, 20_000, 3, 'same_text'],
] as const)('%s', (_name, ageMs, sinceCustomerMs, chats, expected) => {
  expect(decideTakeOver({ ageMs, sinceCustomerMs, chats })).toBe(expected);
});
