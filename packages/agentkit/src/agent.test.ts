import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { type Agent, createAgent } from './agent.ts';
import type { Answer, HistoryEntry } from './answer.ts';
import { loadProfile } from './profile/read-profile.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const monday = new Date('2026-01-12T10:00:00Z');
const profile = await loadProfile();

function ask(agent: Agent, text: string, history: HistoryEntry[] = []): Promise<Answer> {
  return agent.answer({ text, history, now: monday, channel: 'whatsapp' });
}

test('answers every question of the default profile, in each phrasing', async () => {
  const agent = createAgent({ profile, log });
  expect(profile.faq.length).toBeGreaterThanOrEqual(12);
  for (const { question, answer, also = [] } of profile.faq) {
    for (const form of [question, ...also, question.toUpperCase(), `Hi! ${question} Thanks`]) {
      expect({ form, ...(await ask(agent, form)) }).toEqual({
        form,
        text: answer,
        source: 'faq',
        entries: [question],
      });
    }
  }
});

test.each([
  ['do u have wifi??', 'network is called Visitors'],
  ['whats ur adress', '12 Market Street'],
  ['can i come with my dog tomorrow', 'leash'],
  ['refunds?', '14 days'],
  ['is the parking free?', 'car park behind'],
  ['how long is a gift voucher valid', 'two years'],
  ['what time do you close today', 'open now, until 18:00'],
])('understands a question in other words: %s', async (text, part) => {
  expect((await ask(createAgent({ profile, log }), text)).text).toContain(part);
});

test.each([
  ['I would like to speak to a HUMAN, please.', 'hand-off', 'asked'],
  ['a real person please', 'hand-off', 'asked'],
  ['Agent!!', 'hand-off', 'asked'],
  ['is there someone human i can talk to', 'hand-off', 'asked'],
  ['please call me back tomorrow', 'hand-off', 'asked'],
  ['I have a complaint about yesterday', 'hand-off', 'complaint'],
  ['This is an EMERGENCY', 'hand-off', 'emergency'],
  ['How much does a visit cost per person?', 'faq', undefined],
  ['I need a table for one person', 'unknown', undefined],
  ['How much is one person?', 'faq', undefined],
  ['I have a person with me in a wheelchair', 'faq', undefined],
  ['Is a person charged extra?', 'unknown', undefined],
  ['Do you have an agent in Berlin?', 'unknown', undefined],
  ['no I do not want a person', 'unknown', undefined],
  ['Can I speak to somebody?', 'hand-off', 'asked'],
  ['can someone call me', 'hand-off', 'asked'],
  ['Can a human answer me', 'hand-off', 'asked'],
  ['give me a human', 'hand-off', 'asked'],
  ['is there a real person', 'hand-off', 'asked'],
  ['ok, help please', 'unknown', undefined],
  ['thanks for your help!', 'small-talk', undefined],
  ['STOP!', 'opt-out', undefined],
  ['please do not stop', 'unknown', undefined],
  ['Hello', 'greeting', undefined],
  ['hi there, how are you?', 'greeting', undefined],
  ['Ok great, thanks a lot!!', 'small-talk', undefined],
  ['perfect, see you tomorrow', 'small-talk', undefined],
  ['תודה רבה', 'small-talk', undefined],
  ['start', 'unknown', undefined],
  ['the weather on Mars', 'unknown', undefined],
  ['Do you sell cars?', 'unknown', undefined],
  ['What is the capital of France?', 'unknown', undefined],
  ['', 'unknown', undefined],
  ['🙂', 'small-talk', undefined],
])('the source of the answer to "%s" is %s', async (text, source, handOff) => {
  const answer = await ask(createAgent({ profile, log }), text);
  expect([answer.source, answer.handOff]).toEqual([source, handOff]);
});

test('takes back an opt-out at a word of the profile', async () => {
  const agent = createAgent({ profile, log });
  const question = { text: 'Start', history: [], now: monday, channel: 'whatsapp' } as const;
  expect(await agent.answer({ ...question, isOptedOut: true })).toEqual({
    text: profile.optIn?.reply,
    source: 'opt-in',
  });
});

test('tells a customer who asks for a person when to expect an answer', async () => {
  const agent = createAgent({ profile, log });
  const at = (now: string): Promise<Answer> =>
    agent.answer({ text: 'a person please', history: [], now: new Date(now), channel: 'whatsapp' });
  expect((await at('2026-01-12T10:00:00Z')).text).toBe(profile.handOff.reply);
  expect((await at('2026-01-10T10:00:00Z')).text).toContain('open again on Monday, January 12 at 09:00');
  const { closed: _, ...handOff } = profile.handOff;
  const plain = createAgent({ profile: { ...profile, handOff }, log });
  const night = {
    text: 'person',
    history: [],
    now: new Date('2026-01-10T10:00:00Z'),
    channel: 'whatsapp',
  } as const;
  expect((await plain.answer(night)).text).toBe(
    `${handOff.reply} We are closed at the moment and open again on Monday, January 12 at 09:00. Our hours: ` +
      'Monday 09:00-18:00; Tuesday 09:00-18:00; Wednesday 09:00-18:00; Thursday 09:00-18:00; Friday 09:00-14:00.',
  );
});

test('repeats an answer in different words each time', async () => {
  const agent = createAgent({ profile, log });
  const history: HistoryEntry[] = [];
  for (let turn = 0; turn < 12; turn++) {
    const { text } = await ask(agent, 'Is there parking nearby?', history);
    expect(text).toContain('car park behind the building');
    history.push({ direction: 'inbound', text: 'Is there parking nearby?' }, { direction: 'outbound', text });
  }
  const sent = history.filter((entry) => entry.direction === 'outbound').map((entry) => entry.text);
  expect(new Set(sent).size).toBe(12);
});

test('varies the text for unknown questions once all texts were sent', async () => {
  const agent = createAgent({ profile, log });
  const history: HistoryEntry[] = profile.unknown.map((text) => ({ direction: 'outbound', text }));
  const { text, source } = await ask(agent, 'blorp', history);
  expect([source, profile.unknown.includes(text)]).toEqual(['unknown', false]);
});

test('answers from a Hebrew profile with its texts unchanged', async () => {
  const answer = 'אנחנו ברחוב הרצל 12, תל־אביב ☎️ \u200f(קומה ב׳)';
  const hebrew = {
    ...profile,
    language: 'he',
    faq: [...profile.faq, { question: 'איפה אתם נמצאים?', answer }],
  };
  const agent = createAgent({ profile: hebrew, log });
  expect((await ask(agent, 'אֵיפֹה אתם נמצאים')).text).toBe(answer);
  expect((await ask(agent, 'When are you open?')).text).toContain('יום שני 09:00-18:00');
});

test('loads once for simultaneous callers', async () => {
  const agent = createAgent({ profile, log });
  expect(agent.status()).toEqual({ state: 'cold', fallback: false, source: 'profile' });
  const [first, second] = [agent.load(), agent.load()];
  expect(first).toBe(second);
  await first;
  expect(agent.status().state).toBe('warm');
});

test('understands a very long message by its beginning', async () => {
  const agent = createAgent({ profile, log });
  for (const rest of [
    ' x'.repeat(30_000),
    'x'.repeat(65_000),
    '你'.repeat(65_000),
    ' \ufdfa'.repeat(30_000),
  ]) {
    expect((await ask(agent, `Do you have guest wifi? ${'x'.repeat(2000)}${rest}`)).text).toContain(
      'Visitors',
    );
    expect(await ask(agent, rest)).toMatchObject({ source: 'unknown' });
  }
});

test('does not report an answer while loading', async () => {
  const sources: string[] = [];
  await createAgent({ profile, log, onAnswer: (source) => sources.push(source) }).load();
  expect(sources).toEqual([]);
});

test('answers each question about a day with the hours of that day', async () => {
  const agent = createAgent({ profile, log });
  const history: HistoryEntry[] = [];
  for (const [text, part] of [
    ['are you open today?', 'We are open now'],
    ['are you open on Sunday?', 'On Sunday, January 18 we are closed'],
    ['and are you open on 22 January?', 'On Thursday, January 22 we are open'],
  ] as const) {
    const answer = await ask(agent, text, history);
    expect(answer.text).toContain(part);
    history.push({ direction: 'inbound', text }, { direction: 'outbound', text: answer.text });
  }
});
