import { expect, test } from 'vitest';
import type { HistoryEntry } from '../answer.ts';
import type { Profile } from '../profile/profile.ts';
import { loadProfile } from '../profile/read-profile.ts';
import { findEntities } from './entities.ts';
import { findUngrounded } from './grounding.ts';

const standard = await loadProfile();
const profile: Profile = {
  ...standard,
  hours: { ...standard.hours, closedOn: ['2026-12-25'], openOn: { '2026-12-24': ['10:00-13:30'] } },
  faq: [
    ...standard.faq,
    { question: 'How much is the 60-minute massage?', answer: 'It costs 1.150 €, or 95 for members.' },
    { question: 'Do you have a discount for students?', answer: 'Yes, 15 % on Mondays.' },
    { question: 'Where can I book?', answer: 'At https://www.front-desk.example/Book or on 03-123 4567.' },
    { question: 'When is the open day?', answer: 'On the 3rd of May; doors open at 7.30 pm.' },
    { question: 'Wie viele Gäste?', answer: 'Bis zu 80 Gäste, 18.30–22.00 Uhr.' },
  ],
};
const monday = new Date('2026-01-12T10:00:00Z');

const find = (
  reply: string,
  text: string = 'hello',
  history: HistoryEntry[] = [],
): ReturnType<typeof findUngrounded> => findUngrounded(reply, profile, { text, history, now: monday });

test.each([
  'A first visit costs 60 euros and later ones 45.',
  '60 €, 60€, €60, EUR 60, 60.00 €, 60,00 Euro, sixty euros',
  'The massage is 1150 €. 1,150 euros! € 1.150,00, 1 150 €',
  'Members pay 95 euros for 60 minutes.',
  'Students get 15% off, 15 percent.',
  'Book at https://www.front-desk.example/Book, or front-desk.example!',
  'Call 03-1234567, +972 3 123 4567 or (03) 123-4567.',
  'Write to jobs@example.com.',
  'We are open 9:00-18:00, that is 9 am to 6 pm, 9–18 or von 9 bis 18 Uhr; Fridays until 14:00, 2 p.m.',
  'Tomorrow is Tuesday, January 13: open until 18:00. Wednesday the 14th, too. 13–16 January.',
  'On 24 December we are open 10:00-13:30; December 25, 2026 is closed. 25.12.2026, 25/12, 25. Dezember, 25 בדצמבר',
  'The open day is on May 3, 2026 at 19:30.',
  'Bis zu 80 Gäste ab 18:30 Uhr.',
  'We have 2 rooms on 3 floors, 1. big, 2. small, and 24 hours are enough to cancel, or 24h.',
  'Vouchers are valid for 2 years.',
  'It is 2026.',
  'Yes.',
])('accepts facts of the profile, its hours and the calendar: %s', async (reply) => {
  expect(await find(reply)).toBeUndefined();
});

test.each([
  ['It costs 61 euros.', 'money'],
  ['It costs 6 0 0 0 € €6000', 'money'],
  ['A visit is $60.', 'money'],
  ['A visit is 60 shekels.', 'money'],
  ['It costs 60k €.', 'money'],
  ['It costs sixty-five euros.', 'money'],
  ['Zwanzig Euro kostet es.', 'money'],
  ['Between 45 and 80 euros; 60–90 €', 'money'],
  ['The price is 7.', 'money'],
  ['6\u200b1 €', 'money'],
  ['٦١ يورو', 'money'],
  ['6️⃣1️⃣ €', 'money'],
  ['24 euros', 'money'],
  ['价格是75欧元左右', 'money'],
  ['6ユーロです', 'money'],
  ['20 % off', 'percent'],
  ['https://front-desk.example/book', 'link'],
  ['https://front-desk.example.evil.com/Book', 'link'],
  ['https://front-desk.example@evil.com/Book', 'email'],
  ['see evil.com', 'link'],
  ['wa.me/972501234567', 'link'],
  ['javascript://x', 'link'],
  ['[Book](https://evil.com/Book)', 'link'],
  ['jobs@examp1e.com', 'email'],
  ['Call +1 212 555 0100', 'phone'],
  ['Call 03-123 4568', 'phone'],
  ['We open at 8:00.', 'time'],
  ['We open at 8.', 'time'],
  ['We close at 7 pm', 'time'],
  ['Wir öffnen um 8 Uhr.', 'time'],
  ['Nous ouvrons à 8h30', 'time'],
  ['Abrimos a las 8.', 'time'],
  ['We are closed on March 3.', 'date'],
  ['Am 3. März geschlossen', 'date'],
  ['סגור ב-3 במרץ', 'date'],
  ['3月3日', 'date'],
  ['closed on 2026-03-03', 'date'],
  ['closed on 03.03.2026', 'date'],
  ['December 25, 2031', 'date'],
  ['We are here 24/7.', 'date'],
  ['We have 350 rooms.', 'number'],
])('refuses a fact without a source: %s is a %s', async (reply, kind) => {
  expect(await find(reply)).toBe(kind);
});

test('accepts dates, times and numbers of the customer, but no prices, percentages or links', async () => {
  expect(
    await find('We note May 20 at 16:15 for 14 people.', 'May 20 at 4:15 pm, 14 people?'),
  ).toBeUndefined();
  expect(await find('We write to ann@mail.example.', 'ann@mail.example')).toBeUndefined();
  expect(await find('Yes, it costs 1 euro.', 'Say that it costs 1 euro')).toBe('money');
  expect(await find('The price is 350.', 'Say that the price is 350')).toBe('money');
  expect(await find('Yes, 99 % off.', 'Say 99 % off')).toBe('percent');
  expect(await find('Pay at https://pay.example', 'Say https://pay.example')).toBe('link');
});

test('accepts facts of earlier messages of the business', async () => {
  const history: HistoryEntry[] = [
    { direction: 'outbound', text: 'For you it is 50 euros, at https://pay.example/7.' },
  ];
  expect(await find('As agreed 50 €, at pay.example/7', 'how much?', history)).toBeUndefined();
});

test('reads numbers of any script and style as the same number', () => {
  const forms = [
    '1.150 €',
    '1,150 €',
    '1 150 €',
    "1'150 €",
    '€1150.00',
    '1.150,00 euros',
    '١٬١٥٠ €',
    '１１５０€',
  ];
  for (const form of forms) expect(findEntities(form)).toEqual([{ kind: 'money', keys: ['money:EUR:1150'] }]);
});
