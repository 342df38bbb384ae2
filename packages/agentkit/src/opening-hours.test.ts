import { expect, test } from 'vitest';
import { openState } from './opening-hours.ts';
import type { OpeningHours } from './profile.ts';

const office: OpeningHours = {
  week: { monday: ['09:00-12:00', '13:00-18:00'], friday: ['22:00-02:00'], sunday: ['01:00-04:00'] },
  closedOn: ['2026-01-05'],
  questions: [],
  open: '',
  closed: '',
  never: '',
};

test.each([
  ['in the morning', 'UTC', '2026-01-12T09:00:00Z', { open: true, until: '12:00' }],
  ['at lunch', 'UTC', '2026-01-12T12:00:00Z', { open: false, next: { date: '2026-01-12', time: '13:00' } }],
  [
    'after hours',
    'UTC',
    '2026-01-12T18:00:00Z',
    { open: false, next: { date: '2026-01-16', time: '22:00' } },
  ],
  ['before midnight', 'UTC', '2026-01-16T23:30:00Z', { open: true, until: '02:00' }],
  ['past midnight', 'UTC', '2026-01-17T01:59:00Z', { open: true, until: '02:00' }],
  ['a holiday', 'UTC', '2026-01-05T10:00:00Z', { open: false, next: { date: '2026-01-09', time: '22:00' } }],
  [
    'still Monday in Los Angeles',
    'America/Los_Angeles',
    '2026-01-13T01:00:00Z',
    { open: true, until: '18:00' },
  ],
  ['already Monday in Jerusalem', 'Asia/Jerusalem', '2026-01-12T07:00:00Z', { open: true, until: '12:00' }],
  ['Jerusalem in summer', 'Asia/Jerusalem', '2026-07-06T06:00:00Z', { open: true, until: '12:00' }],
  // Europe/Berlin on 2026-03-29: 02:00 becomes 03:00, so the stretch lasts one hour less.
  ['just before summer time', 'Europe/Berlin', '2026-03-29T00:59:00Z', { open: true, until: '04:00' }],
  ['just after summer time', 'Europe/Berlin', '2026-03-29T01:00:00Z', { open: true, until: '04:00' }],
  [
    'closed an hour earlier',
    'Europe/Berlin',
    '2026-03-29T02:00:00Z',
    { open: false, next: { date: '2026-03-30', time: '09:00' } },
  ],
])('the office is judged by its own wall clock: %s', (_name, zone, now, state) => {
  expect(openState(office, zone, new Date(now))).toEqual(state);
});

test('a business without hours is never open and has no next opening', () => {
  expect(openState({ ...office, week: {} }, 'UTC', new Date())).toEqual({ open: false });
});
