import { expect, test } from 'vitest';
import { isWithin, openMinutesAgo, openState } from './opening-hours.ts';
import type { OpeningHours } from './profile/profile.ts';

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
  // Europe/Berlin on 2026-03-29: 02:00 becomes 03:00, so the time range lasts one hour less.
  ['just before summer time', 'Europe/Berlin', '2026-03-29T00:59:00Z', { open: true, until: '04:00' }],
  ['just after summer time', 'Europe/Berlin', '2026-03-29T01:00:00Z', { open: true, until: '04:00' }],
  [
    'closed an hour earlier',
    'Europe/Berlin',
    '2026-03-29T02:00:00Z',
    { open: false, next: { date: '2026-03-30', time: '09:00' } },
  ],
])('open or closed depends on the local time of the business: %s', (_name, zone, now, state) => {
  expect(openState(office, zone, new Date(now))).toEqual(state);
});

test('a business without hours is never open and has no next opening', () => {
  expect(openState({ ...office, week: {} }, 'UTC', new Date())).toEqual({ open: false });
});

const mondaysBefore = (day: string, count: number): string[] =>
  Array.from({ length: count }, (_, back) =>
    new Date(Date.parse(day) - (back + 1) * 7 * 86_400_000).toISOString().slice(0, 10),
  );
const holidays: OpeningHours = {
  ...office,
  week: { monday: ['09:00-12:00', '13:00-18:00'] },
  closedOn: mondaysBefore('2026-07-27', 3),
};

test.each([
  ['while it is open', 'UTC', '2026-01-12T09:30:00Z', 15, '2026-01-12T09:15:00Z'],
  ['over lunch', 'UTC', '2026-01-12T13:05:00Z', 15, '2026-01-12T11:50:00Z'],
  ['from one day to another, past a night', 'UTC', '2026-01-18T01:05:00Z', 10, '2026-01-17T01:55:00Z'],
  ['past three weeks of holidays', 'UTC', '2026-07-27T09:10:00Z', 15, '2026-06-29T17:55:00Z', holidays],
  ['past a day on which the business was closed', 'UTC', '2026-01-09T22:05:00Z', 15, '2026-01-04T03:50:00Z'],
  // 2:00 to 3:00 is skipped, so the time range from 1:00 to 4:00 lasts two hours.
  ['where summer time begins', 'Europe/Berlin', '2026-03-29T01:30:00Z', 60, '2026-03-29T00:30:00Z'],
  ['before summer time begins', 'Europe/Berlin', '2026-03-29T01:59:00Z', 119, '2026-03-29T00:00:00Z'],
  // 2:00 to 3:00 occurs twice, so the time range lasts four hours.
  ['where summer time ends', 'Europe/Berlin', '2026-10-25T02:59:00Z', 239, '2026-10-24T23:00:00Z'],
] as [string, string, string, number, string, OpeningHours?][])(
  'counts minutes of opening hours backwards: %s',
  (_name, zone, now, minutes, since, hours = office) => {
    expect(openMinutesAgo(hours, zone, new Date(now), minutes)?.toISOString()).toBe(
      new Date(since).toISOString(),
    );
  },
);

test('counts all minutes of a business without hours', () => {
  const now = new Date('2026-01-12T00:10:00Z');
  expect(openMinutesAgo({ ...office, week: {} }, 'UTC', now, 15)).toEqual(new Date('2026-01-11T23:55:00Z'));
});

test('returns nothing while the business is closed', () => {
  expect(openMinutesAgo(office, 'UTC', new Date('2026-01-12T12:00:00Z'), 15)).toBeUndefined();
});

test('stops after 60 days if the business was not open for long enough', () => {
  const hours = { ...office, week: { monday: ['09:00-12:00'] }, closedOn: mondaysBefore('2026-07-27', 9) };
  const now = new Date('2026-07-27T09:10:00Z');
  expect(openMinutesAgo(hours, 'UTC', now, 15)).toEqual(new Date('2026-05-28T09:10:00Z'));
});

test.each([
  ['UTC', '2026-01-18T01:05:30Z'],
  ['Europe/Berlin', '2026-03-30T07:20:00Z'],
  ['Europe/Berlin', '2026-10-26T09:20:00Z'],
  // Its summer time shifts the clock by half an hour.
  ['Australia/Lord_Howe', '2026-04-06T00:20:00Z'],
])('counting by time ranges and counting by minutes agree: %s, %s', (zone, text) => {
  const now = new Date(text);
  const found: (Date | undefined)[] = [undefined];
  for (let ago = 1; found.length < 1500; ago++) {
    const at = new Date(now.getTime() - ago * 60_000);
    if (openState(office, zone, at).open) found.push(at);
  }
  for (let minutes = 1; minutes < found.length; minutes += 7)
    expect(openMinutesAgo(office, zone, now, minutes)).toEqual(found[minutes]);
});

test.each([
  ['22:00-07:00', '2026-01-12T21:59:00Z', false],
  ['22:00-07:00', '2026-01-12T22:00:00Z', true],
  ['22:00-07:00', '2026-01-13T06:59:00Z', true],
  ['22:00-07:00', '2026-01-13T07:00:00Z', false],
  ['13:00-15:00', '2026-01-13T14:00:00Z', true],
  ['13:00-15:00', '2026-01-13T15:00:00Z', false],
  ['00:00-24:00', '2026-01-13T23:59:00Z', true],
])('%s contains %s: %s', (range, now, is) => {
  expect(isWithin(range, 'UTC', new Date(now))).toBe(is);
});

const festive: OpeningHours = {
  ...office,
  openOn: { '2026-12-24': ['09:00-11:00'], '2026-12-25': [], '2026-12-31': ['22:00-02:00'] },
};

test.each([
  ['on such a date', '2026-12-24T10:00:00Z', { open: true, until: '11:00' }],
  ['after its hours', '2026-12-24T11:00:00Z', { open: false, next: { date: '2026-12-27', time: '01:00' } }],
  [
    'on a date without hours',
    '2026-12-25T23:00:00Z',
    { open: false, next: { date: '2026-12-27', time: '01:00' } },
  ],
  ['past midnight', '2027-01-01T01:00:00Z', { open: true, until: '02:00' }],
])('the hours of a date replace those of the week: %s', (_, now, expected) => {
  expect(openState(festive, 'UTC', new Date(now))).toEqual(expected);
});

test('counts minutes of a date with its own hours if the week has none', () => {
  const once = { ...office, week: {}, openOn: { '2026-12-24': ['09:00-11:00'] } };
  const at = (time: string): Date => new Date(`2026-12-24T${time}:00Z`);
  expect(openMinutesAgo(once, 'UTC', at('10:00'), 30)).toEqual(at('09:30'));
  expect(openMinutesAgo(once, 'UTC', at('12:00'), 30)).toBeUndefined();
});
