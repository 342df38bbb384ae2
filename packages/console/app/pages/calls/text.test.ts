import { expect, test } from 'vitest';
import type { Call } from './records.ts';
import {
  callerText,
  detailText,
  digitsOf,
  lengthText,
  currentStepText,
  offsetText,
  reasonText,
  stateOf,
} from './text.ts';

const call = (more: Partial<Call>): Call => ({
  id: 'CA1',
  business_id: 'default',
  from_number: '+491701234567',
  to_number: null,
  status: 'in-progress',
  outcome: null,
  reason: null,
  started_at: '2026-11-29T10:00:00Z',
  answered_at: '2026-11-29T10:00:01Z',
  ended_at: null,
  timeline: [],
  recordings: [],
  ...more,
});
const moment = (event: string, detail: string | null = null) => ({
  at: '2026-11-29T10:00:00Z',
  event,
  detail,
});

test.each<[Partial<Call>, string]>([
  [{ answered_at: null }, 'warn ringing'],
  [{}, 'good in progress'],
  [{ outcome: 'completed' }, 'good completed'],
  [{ outcome: 'rejected' }, 'bad rejected'],
  [{ outcome: 'error' }, 'bad failed'],
])('%j is shown as %s', (how, text) => {
  const { level, label } = stateOf(call(how));
  expect(`${level} ${label}`).toBe(text);
});

test('the current step ignores status reports of the provider', () => {
  const timeline = [moment('webhook'), moment('greeting'), moment('status', 'in-progress')];
  expect([currentStepText(call({ timeline })), currentStepText(call({}))]).toEqual([
    'hears the greeting',
    'is on the line',
  ]);
});

test('describes reasons and details, also unknown ones', () => {
  expect([reasonText('max_concurrent'), reasonText('provider_odd')]).toEqual([
    'the limit of concurrent calls was reached',
    'provider odd',
  ]);
  expect(detailText(moment('ended', 'caller_hung_up'))).toBe('the caller hung up');
  expect(detailText(moment('message', 'silence'))).toBe('ended by silence');
  expect(detailText(moment('status', 'ringing'))).toBe('ringing');
  expect(detailText(moment('greeting'))).toBeUndefined();
});

test('formats lengths and offsets', () => {
  expect(lengthText(call({ answered_at: null }))).toBe('not answered');
  expect(lengthText(call({ ended_at: '2026-11-29T10:01:06Z' }))).toBe('1 min');
  expect(offsetText('2026-11-29T10:00:00.420Z', '2026-11-29T10:00:00Z')).toBe('+0.4 s');
  expect(offsetText('2026-11-29T10:01:05Z', '2026-11-29T10:00:00Z')).toBe('+1 min 5 s');
});

test.each([
  ['+491701234567', '491701234567'],
  ['sip:+491701234567@gw.example.com', '491701234567'],
  ['sip:alice@example.com', undefined],
  [null, undefined],
])('the digits of %s are %s', (number, digits) => {
  expect(digitsOf(number)).toBe(digits);
  expect(callerText(number)).toBe(number ?? 'Number withheld');
});
