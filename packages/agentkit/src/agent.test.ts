import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Logger, createLogger } from '@prosaas/runtime';
import { afterEach, expect, test } from 'vitest';
import { type Agent, createAgent } from './agent.ts';
import type { Answer, HistoryEntry } from './faq-agent.ts';
import { loadProfile } from './profile/read-profile.ts';

const log = { info() {}, warn() {} } as unknown as Logger;
const monday = new Date('2026-01-12T10:00:00Z');
const profile = await loadProfile();
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

function ask(agent: Agent, text: string, history: HistoryEntry[] = []): Promise<Answer> {
  return agent.answer({ text, history, now: monday, channel: 'whatsapp' });
}

async function provider(
  reply: () => { status: number; content?: string } | undefined,
): Promise<{ baseUrl: string; asked: unknown[] }> {
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(JSON.parse(body));
      const answer = reply();
      if (!answer) return;
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ choices: [{ message: { role: 'assistant', content: answer.content } }] }),
      );
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked };
}

test('every question of the default profile gets its own answer, in each of its forms', async () => {
  const agent = createAgent({ profile, log });
  expect(profile.faq.length).toBeGreaterThanOrEqual(12);
  for (const { question, answer, also = [] } of profile.faq) {
    for (const form of [question, ...also, question.toUpperCase(), `Hi! ${question} Thanks`]) {
      expect({ form, ...(await ask(agent, form)) }).toEqual({
        form,
        text: answer,
        source: 'faq',
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
])('a question in other words is understood: %s', async (text, part) => {
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
  ['I have a person with me in a wheelchair', 'unknown', undefined],
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
])('"%s" is taken as %s', async (text, source, handOff) => {
  const answer = await ask(createAgent({ profile, log }), text);
  expect([answer.source, answer.handOff]).toEqual([source, handOff]);
});

test('whoever opted out takes it back with a word of the profile', async () => {
  const agent = createAgent({ profile, log });
  const question = { text: 'Start', history: [], now: monday, channel: 'whatsapp' } as const;
  expect(await agent.answer({ ...question, isOptedOut: true })).toEqual({
    text: profile.optIn?.reply,
    source: 'opt-in',
  });
});

test('who asks for a person is told what happens next, by the opening hours', async () => {
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

test('a conversation never hears the same words twice, and still hears the answer', async () => {
  const agent = createAgent({ profile, log });
  const history: HistoryEntry[] = [];
  for (let turn = 0; turn < 12; turn++) {
    const { text } = await ask(agent, 'Is there parking nearby?', history);
    expect(text).toContain('car park behind the building');
    history.push({ direction: 'inbound', text: 'Is there parking nearby?' }, { direction: 'outbound', text });
  }
  const said = history.filter((entry) => entry.direction === 'outbound').map((entry) => entry.text);
  expect(new Set(said).size).toBe(12);
});

test('what stays unknown is said in words that were not heard yet', async () => {
  const agent = createAgent({ profile, log });
  const history: HistoryEntry[] = profile.unknown.map((text) => ({ direction: 'outbound', text }));
  const { text, source } = await ask(agent, 'blorp', history);
  expect([source, profile.unknown.includes(text)]).toEqual(['unknown', false]);
});

test('a Hebrew profile is asked and answers in Hebrew, its text untouched', async () => {
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

test('loading answers once and is done once for simultaneous callers', async () => {
  const agent = createAgent({ profile, log });
  expect(agent.status()).toEqual({ state: 'cold', fallback: false, source: 'profile' });
  const [first, second] = [agent.load(), agent.load()];
  expect(first).toBe(second);
  await first;
  expect(agent.status().state).toBe('warm');
});

test('a model answers when one is configured, with the facts and the history before it', async () => {
  const { baseUrl, asked } = await provider(() => ({
    status: 200,
    content: '[[person]] Jemand ruft Sie an.',
  }));
  const agent = createAgent({ profile, log, model: { baseUrl, apiKey: 'k', name: 'm' } });
  const answer = await ask(agent, 'Wo sind Sie?', [{ direction: 'outbound', text: 'earlier' }]);
  expect(answer).toEqual({
    text: `Jemand ruft Sie an.\n\n${profile.handOff.reply}`,
    handOff: 'not_understood',
    source: 'model',
  });
  expect(asked).toMatchObject([
    {
      model: 'm',
      messages: [
        { role: 'system', content: expect.stringContaining('12 Market Street') },
        { role: 'assistant', content: 'earlier' },
        { role: 'user', content: 'Wo sind Sie?' },
      ],
    },
  ]);
});

test('a message that goes on for ever is understood by its beginning', async () => {
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

test('a model is given no more of a message, and of those before it, than fits', async () => {
  const { baseUrl, asked } = await provider(() => ({ status: 200, content: 'ok' }));
  const agent = createAgent({ profile, log, model: { baseUrl, apiKey: 'k', name: 'm' } });
  const history = Array.from({ length: 40 }, (_, at) => ({
    direction: 'inbound' as const,
    text: `${at}`.repeat(5000),
  }));
  await ask(agent, '😀'.repeat(65_000), history);
  const [{ messages }] = asked as [{ messages: { content: string }[] }];
  const [, ...turns] = messages.map(({ content }) => content);
  expect(turns.pop()).toBe('😀'.repeat(4000));
  expect(turns).toEqual(Array.from({ length: 12 }, (_, at) => `${28 + at}`.repeat(500)));
});

test('when the model fails the profile answers, and the next customer does not wait for it', async () => {
  const { baseUrl, asked } = await provider(() => ({ status: 500 }));
  const agent = createAgent({ profile, log, model: { baseUrl, apiKey: 'k', name: 'm' } });
  expect(await ask(agent, 'Where are you located?')).toMatchObject({ source: 'faq' });
  expect(await ask(agent, 'Do you have guest wifi?')).toMatchObject({ source: 'faq' });
  expect(asked).toHaveLength(1);
  expect(agent.status()).toEqual({ state: 'cold', fallback: true, source: 'profile' });
});

test('a model that fails is one line in the log, without a stack', async () => {
  const { baseUrl } = await provider(() => ({ status: 500 }));
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const own = createLogger({ service: 'test', instance: 'test', level: 'info', destination });
  const agent = createAgent({ profile, log: own, model: { baseUrl, apiKey: 'k', name: 'm' } });
  for (let at = 0; at < 3; at++) await ask(agent, 'Where are you located?');
  await expect.poll(() => lines.length, { timeout: 3000 }).toBe(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'warn',
    msg: 'the model provider fails: the profile answers',
    error: expect.any(String),
  });
  expect(lines[0]).not.toContain('stack');
});

test('a caller who gives up gets no answer of the fall-back', async () => {
  const { baseUrl, asked } = await provider(() => undefined);
  const agent = createAgent({ profile, log, model: { baseUrl, apiKey: 'k', name: 'm' } });
  const abort = new AbortController();
  const answer = agent.answer({
    text: 'hm',
    history: [],
    now: monday,
    channel: 'phone',
    signal: abort.signal,
  });
  await expect.poll(() => asked.length).toBe(1);
  abort.abort(new Error('gone'));
  await expect(answer).rejects.toThrow('gone');
  expect(agent.status().fallback).toBe(false);
});

test('answers are told by their source, calls of the model by how they ended and how long they took', async () => {
  const replies = [
    { status: 200, content: 'At the corner.' },
    { status: 200, content: '[[person]]' },
    { status: 500 },
  ];
  const { baseUrl, asked } = await provider(() => replies.shift());
  const told: unknown[] = [];
  const take = (source: string): void => void told.push(source);
  const agent = createAgent({
    profile,
    log,
    model: { baseUrl, apiKey: 'k', name: 'm' },
    onAnswer: take,
    onModelCall: (outcome, ms) => void told.push([outcome, ms >= 0 && ms < 60_000]),
  });
  for (const text of ['Where?', 'Who?', 'Where are you located?', 'Unsubscribe']) await ask(agent, text);
  expect(told).toEqual([
    ['answered', true],
    'model',
    ['handed_over', true],
    'model',
    ['failed', true],
    'faq',
    'opt-out',
  ]);

  told.length = 0;
  const other = createAgent({
    profile,
    log,
    model: { baseUrl, apiKey: 'k', name: 'm' },
    onAnswer: take,
    onModelCall: take,
  });
  const abort = new AbortController();
  const given = { text: 'hm', history: [], now: monday, channel: 'whatsapp', signal: abort.signal } as const;
  const answer = other.answer(given);
  await expect.poll(() => asked.length).toBe(4);
  abort.abort(new Error('gone'));
  await expect(answer).rejects.toThrow('gone');
  expect(told).toEqual(['canceled']);
});

test('loading is no answer', async () => {
  const told: string[] = [];
  await createAgent({ profile, log, onAnswer: (source) => told.push(source) }).load();
  expect(told).toEqual([]);
});

test('opting out is never left to a model', async () => {
  const { baseUrl, asked } = await provider(() => ({ status: 200, content: 'Please stay!' }));
  const agent = createAgent({ profile, log, model: { baseUrl, apiKey: 'k', name: 'm' } });
  expect(await ask(agent, 'Unsubscribe')).toMatchObject({ source: 'opt-out' });
  expect(asked).toHaveLength(0);
});
