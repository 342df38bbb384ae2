import { expect, test } from 'vitest';
import type { HistoryEntry } from '../answer.ts';
import type { Profile } from '../profile/profile.ts';
import { loadProfile } from '../profile/read-profile.ts';
import { buildPrompt } from './prompt.ts';
import { isReadable } from './script.ts';
import { estimateTokens } from './tokens.ts';

const standard = await loadProfile();
const profile: Profile = {
  ...standard,
  timeZone: 'Asia/Tokyo',
  smallTalk: { ...standard.smallTalk, identity: 'I am the assistant of the desk.' },
  hours: {
    ...standard.hours,
    closedOn: ['2025-12-25', '2026-01-14', '2026-12-25'],
    openOn: { '2026-01-18': ['10:00-12:00', '14:00-15:00'], '2026-12-24': [] },
  },
};
const question = {
  text: 'Do you have wifi?',
  history: [] as HistoryEntry[],
  now: new Date('2026-01-12T16:30:00Z'),
  channel: 'whatsapp',
} as const;
const all = { tokens: 8000, hasTools: true };
const systemOf = (...given: Parameters<typeof buildPrompt>): string =>
  buildPrompt(...given)[0]?.content ?? '';

test('the prompt contains the date, time zone, hours of the next days and every entry', () => {
  const system = systemOf(profile, question, all);
  for (const part of [
    'Now: tuesday, 2026-01-13, 01:30 (time zone Asia/Tokyo)',
    'monday 09:00-18:00',
    'sunday closed',
    '2026-01-14 wednesday closed',
    '2026-01-16 friday 09:00-14:00',
    '2026-01-18 sunday 10:00-12:00, 14:00-15:00',
    'Closed days: 2026-01-14 wednesday, 2026-12-25 friday',
    'Other hours on 2026-12-24 thursday: closed',
    'Who are you?: I am the assistant of the desk.',
    'call hand_over_to_person',
    ...standard.faq.flatMap(({ question: asked, answer }) => [asked, answer]),
  ])
    expect(system).toContain(part);
  expect(system).not.toContain('2025-12-25');
});

test('chooses the entries closest to the last two messages if not all fit', () => {
  const faq = Array.from({ length: 2000 }, (_, at) => ({
    question: `What does service ${at} include?`,
    answer: `Service ${at}: ${'a long description of everything. '.repeat(20)}`,
  }));
  faq[1234] = { question: 'Is there a sauna?', answer: 'The sauna is on the roof.' };
  faq[1777] = { question: '¿Hay aparcamiento?', answer: 'Sí, detrás del edificio.' };
  const large = { ...profile, faq };
  const asked = {
    ...question,
    text: 'may I use the saunas',
    history: [{ direction: 'inbound', text: 'aparcamientos?' }] as HistoryEntry[],
  };
  const system = systemOf(large, asked, all);
  expect(system).toContain('The sauna is on the roof.');
  expect(system).toContain('detrás del edificio');
  expect(system).toMatch(/The \d+ of 2000 questions and answers/);
  expect(estimateTokens(system)).toBeLessThanOrEqual(all.tokens);
  expect(estimateTokens(system)).toBeGreaterThan(all.tokens * 0.9);
});

test('keeps the newest messages of a long history and merges consecutive ones of a side', () => {
  const history: HistoryEntry[] = Array.from({ length: 40 }, (_, at) => ({
    direction: at % 2 === 0 ? 'inbound' : 'outbound',
    text: `turn ${at} ${'x'.repeat(500)}`,
  }));
  const [, ...turns] = buildPrompt(profile, { ...question, history }, { tokens: 3000, hasTools: false });
  expect(turns.map(({ role }) => role)).toEqual([
    'assistant',
    'user',
    'assistant',
    'user',
    'assistant',
    'user',
  ]);
  expect(turns.at(-1)).toEqual({ role: 'user', content: 'Do you have wifi?' });
  expect(turns.at(-2)?.content).toContain('turn 39');
  const two: HistoryEntry[] = [{ direction: 'inbound', text: 'Hi' }];
  expect(buildPrompt(profile, { ...question, history: two }, all)[1]).toEqual({
    role: 'user',
    content: 'Hi\nDo you have wifi?',
  });
});

test('cuts a long message', () => {
  const messages = buildPrompt(profile, { ...question, text: '😀'.repeat(65_000) }, all);
  expect(messages.at(-1)?.content).toBe('😀'.repeat(4000));
});

test.each([
  ['hello you', 3],
  ['123456', 2],
  ['שלום לך', 4],
  ['你好吗', 3],
  ['😀', 2],
])('%s is estimated at %i tokens', (text, tokens) => {
  expect(estimateTokens(text)).toBe(tokens);
});

test.each([
  ['en', 'hello', 'Hello, we are open.', true],
  ['en', 'שלום', 'Hello, we are open.', true],
  ['en', 'שלום', 'אנחנו פתוחים, ראו WhatsApp', true],
  ['he', 'שלום', 'We are open now.', false],
  ['he', 'hello', 'We are open now.', true],
  ['en', 'hello', 'Мы открыты', false],
  ['en', 'hello', 'We are open 欢迎光临', false],
  ['ja', 'Hello', '営業中です', true],
  ['en', 'hello', '60 €', true],
  ['en', '¿?', 'Estamos abiertos', true],
])('a %s profile asked "%s" may answer "%s": %s', (language, asked, reply, is) => {
  expect(isReadable(reply, asked, { ...profile, language })).toBe(is);
});
