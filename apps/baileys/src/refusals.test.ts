import { expect, test } from 'vitest';
import { refusalOf } from './refusals.ts';

test.each([
  ['463', { mayHelpElsewhere: true, mayPass: true }],
  ['479', { mayHelpElsewhere: true, mayPass: true }],
  ['404', { mayHelpElsewhere: true, mayPass: false }],
  ['429', { mayHelpElsewhere: false, mayPass: true }],
  ['500', { mayHelpElsewhere: false, mayPass: true }],
  ['503', { mayHelpElsewhere: false, mayPass: true }],
  ['400', { mayHelpElsewhere: false, mayPass: false }],
  ['what', { mayHelpElsewhere: false, mayPass: false }],
])('%s', (code, refusal) => {
  expect(refusalOf(code)).toMatchObject(refusal);
});
