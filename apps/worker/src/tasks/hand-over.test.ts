import { type Profile, loadProfile } from '@prosaas/agentkit';
import { expect, test } from 'vitest';
import { announcementTimes } from './hand-over.ts';

const { hours } = await loadProfile();
const profile = (person?: Profile['person']): Parameters<typeof announcementTimes>[0] => ({
  hours,
  timeZone: 'UTC',
  ...(person && { person }),
});
// A Monday; the business is open from 9 to 18.
const at = (time: string): Date => new Date(`2026-01-12T${time}:00Z`);

test.each([
  ['in the opening hours', undefined, '10:00', { isQuiet: false, remindBefore: at('09:45') }],
  ['at night', undefined, '23:00', { isQuiet: true, remindBefore: null }],
  ['in the evening', undefined, '20:00', { isQuiet: false, remindBefore: null }],
  ['at night without quiet hours', { quiet: null }, '23:00', { isQuiet: false }],
  [
    'with other times in the profile',
    { quiet: '09:00-11:00', remindMinutes: 5 },
    '10:00',
    { isQuiet: true, remindBefore: at('09:55') },
  ],
])('decides what to announce %s', (_when, person, time, times) => {
  expect(announcementTimes(profile(person), at(time))).toMatchObject(times);
});

test('emergencies are announced again at any hour', () => {
  expect(announcementTimes(profile(), at('23:00')).remindEmergenciesBefore).toEqual(at('22:45'));
});
