import { type Profile, loadProfile } from '@prosaas/agentkit';
import { expect, test } from 'vitest';
import { announcementTimes } from './hand-over.ts';

const { hours } = await loadProfile();
const profile = (person?: Profile['person']): Parameters<typeof announcementTimes>[0] => ({
  hours,
  timeZone: 'UTC',
  ...(person && { person }),
});
// A Monday; it is open from 9 to 18.
const at = (time: string): Date => new Date(`2026-01-12T${time}:00Z`);

test.each([
  ['in the opening hours', undefined, '10:00', { isQuiet: false, remindBefore: at('09:45') }],
  ['at night', undefined, '23:00', { isQuiet: true, remindBefore: null }],
  ['in the evening', undefined, '20:00', { isQuiet: false, remindBefore: null }],
  ['where people may be told at any time', { quiet: null }, '23:00', { isQuiet: false }],
  [
    'by other words of the profile',
    { quiet: '09:00-11:00', remindMinutes: 5 },
    '10:00',
    { isQuiet: true, remindBefore: at('09:55') },
  ],
])('what is announced %s', (_when, person, time, times) => {
  expect(announcementTimes(profile(person), at(time))).toMatchObject(times);
});

test('an emergency is announced again whatever the hours are', () => {
  expect(announcementTimes(profile(), at('23:00')).remindEmergenciesBefore).toEqual(at('22:45'));
});
