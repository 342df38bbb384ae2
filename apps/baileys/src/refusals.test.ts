import { expect, test } from 'vitest';
import { refusalOf } from './refusals.ts';

test.each([
  ['463', { tryOtherAddress: true, retryable: true }],
  ['479', { tryOtherAddress: true, retryable: true }],
  ['404', { tryOtherAddress: true, retryable: false }],
  ['429', { tryOtherAddress: false, retryable: true }],
  ['500', { tryOtherAddress: false, retryable: true }],
  ['503', { tryOtherAddress: false, retryable: true }],
  ['400', { tryOtherAddress: false, retryable: false }],
  ['what', { tryOtherAddress: false, retryable: false }],
])('the refusal %s', (code, refusal) => {
  expect(refusalOf(code)).toMatchObject(refusal);
});
