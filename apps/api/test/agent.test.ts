import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { questionKey } from '@prosaas/agentkit';
import { eraseContact, recordUnanswered } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestApi, adminKey, apiKey, receive, startTestApi, walk } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.db.query(`insert into businesses (id, name) values ('other', 'Other')`);
  await poll(async () => (await ask('POST', '/api/agent/try', { text: 'hi' })).status === 200, {
    what: 'the profile',
  });
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.db.query('truncate conversations, messages, learned_entries, audit_log cascade'));

interface Answered {
  status: number;
  body: Record<string, unknown>;
}

async function ask(method: string, path: string, body?: unknown, key = apiKey): Promise<Answered> {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { 'x-api-key': key, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

/** A customer asks, and the agent does not understand. */
async function miss(
  text: string,
  { contact, businessId = 'default' }: { contact?: string; businessId?: string } = {},
) {
  const message = await receive(api.db, { businessId, ...(contact !== undefined && { contact }) });
  const question = { messageId: message.id, businessId, text, key: questionKey(text) ?? '' };
  await api.db.transaction((tx) => recordUnanswered(tx, question));
  return question;
}

const idOf = ({ body }: Pick<Answered, 'body'>): string => String(body['id']);

interface Group {
  id: string;
  question: string;
  count: number;
  examples: { text: string; count: number; conversation_id: string }[];
}
const groups = async (query = '', key = apiKey): Promise<Group[]> =>
  (await walk(api, `/api/agent/unanswered?limit=2${query}`, key)) as unknown as Group[];
const tried = async (text: string, more: object = {}): Promise<Record<string, unknown>> =>
  (await ask('POST', '/api/agent/try', { text, ...more })).body['answer'] as Record<string, unknown>;

test('what was missed stands in groups, the most frequent first, each message once', async () => {
  await miss('Do you rent helicopters?');
  const again = await miss('do you rent HELICOPTERS');
  await api.db.transaction((tx) => recordUnanswered(tx, again));
  await miss('rent a helicopter');
  await miss('Is there a piano?');
  await miss('Is there a piano?');
  await miss('Any zebras');
  await miss('Who fixes boats', { businessId: 'other' });

  const found = await groups();
  expect(found.map(({ question, count }) => [question, count])).toEqual([
    ['do you rent HELICOPTERS', 2 + 1],
    ['Is there a piano?', 2],
    ['Any zebras', 1],
  ]);
  expect(found[0]?.examples.map(({ text, count }) => [text, count])).toEqual([
    ['do you rent HELICOPTERS', 2],
    ['rent a helicopter', 1],
  ]);
  expect(await groups('', adminKey)).toHaveLength(4);
  expect(await groups('&business=other', adminKey)).toMatchObject([{ question: 'Who fixes boats' }]);
});

test('an answer makes an entry that counts at once, a repeat changes nothing, and taking it back opens the group again', async () => {
  await miss('Do you rent helicopters?');
  await miss('rent helicopters pls');
  expect(await tried('Do you rent helicopters?')).toMatchObject({ source: 'unknown' });
  const [group] = await groups();
  const order = { answer: 'Only on Sundays.', question: 'Do you rent out helicopters?' };
  const path = `/api/agent/unanswered/${group?.id}/answer`;
  const made = await ask('POST', path, order);
  expect(made).toMatchObject({
    status: 200,
    body: {
      source: 'learned',
      business_id: 'default',
      question: 'Do you rent out helicopters?',
      answer: 'Only on Sundays.',
      also: ['rent helicopters pls', 'Do you rent helicopters?'],
      person_id: null,
    },
  });
  for (const text of ['Do you rent helicopters?', 'rent helicopters pls', 'do you rent out helicopters'])
    expect(await tried(text)).toEqual({
      text: 'Only on Sundays.',
      source: 'faq',
      entries: ['Do you rent out helicopters?'],
    });
  expect(await groups()).toEqual([]);
  expect(await ask('POST', path, order)).toEqual(made);
  expect(await ask('POST', path, { answer: 'Never.' })).toMatchObject({
    status: 409,
    body: { code: 'ALREADY_ANSWERED' },
  });
  expect(await walk(api, '/api/agent/entries?source=learned')).toEqual([made.body]);

  expect((await ask('DELETE', `/api/agent/entries/${idOf(made)}`)).status).toBe(204);
  expect((await ask('DELETE', `/api/agent/entries/${idOf(made)}`)).body['code']).toBe('ENTRY_NOT_FOUND');
  expect(await tried('Do you rent helicopters?')).toMatchObject({ source: 'unknown' });
  expect(await groups()).toEqual([group]);
  const { items } = await api.list('/api/audit?limit=200', adminKey);
  const actions = items.map(({ action }) => action);
  expect(actions).toContain('POST /api/agent/unanswered/:id/answer');
  expect(actions).toContain('DELETE /api/agent/entries/:id');
});

test('a group becomes another way to ask an entry of the profile, or one that was learned', async () => {
  const [first] = (await walk(api, '/api/agent/entries?source=profile')) as {
    question: string;
    answer: string;
  }[];
  await miss('Xylophone zone?');
  const [group] = await groups();
  const path = `/api/agent/unanswered/${group?.id}/answer`;
  expect((await ask('POST', path, { entry: 'No such entry?' })).body['code']).toBe('ENTRY_NOT_FOUND');
  const linked = await ask('POST', path, { entry: first?.question });
  expect(linked.body).toMatchObject({ question: first?.question, answer: null, also: ['Xylophone zone?'] });
  expect(await ask('POST', path, { entry: first?.question })).toEqual(linked);
  expect(await tried('xylophone zone')).toMatchObject({ text: first?.answer, source: 'faq' });

  await miss('Any zebras');
  const [zebras] = await groups();
  const learned = await ask('POST', `/api/agent/unanswered/${zebras?.id}/answer`, { answer: 'Two.' });
  await miss('Striped horses');
  const [horses] = await groups();
  const more = await ask('POST', `/api/agent/unanswered/${horses?.id}/answer`, { entry: 'any ZEBRAS' });
  expect(more.body).toMatchObject({ question: 'Any zebras', answer: null, also: ['Striped horses'] });
  expect(await tried('striped horses')).toMatchObject({ text: 'Two.' });
  // With an entry goes what was added to it.
  await ask('DELETE', `/api/agent/entries/${idOf(learned)}`);
  expect(await tried('striped horses')).toMatchObject({ source: 'unknown' });
  expect((await groups()).map(({ question }) => question).toSorted()).toEqual([
    'Any zebras',
    'Striped horses',
  ]);
});

test('a question that an entry has is refused, with the same answer it is that entry, and both fields are no order', async () => {
  const [first] = (await walk(api, '/api/agent/entries?source=profile')) as {
    question: string;
    answer: string;
  }[];
  await miss('Any zebras');
  const [group] = await groups();
  const path = `/api/agent/unanswered/${group?.id}/answer`;
  const question = first?.question ?? '';
  expect(await ask('POST', path, { answer: 'Two.', question: question.toUpperCase() })).toMatchObject({
    status: 409,
    body: { code: 'ENTRY_EXISTS', detail: expect.stringContaining(question) },
  });
  for (const body of [
    {},
    { answer: 'x', entry: question },
    { entry: question, question: 'x' },
    { answer: ' ' },
  ])
    expect(await ask('POST', path, body)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  expect(await groups()).toHaveLength(1);
  expect((await ask('POST', path, { answer: first?.answer, question })).body).toMatchObject({
    question,
    answer: null,
  });
});

test('a learned entry is changed, and what was added to it stays with it', async () => {
  await miss('Any zebras');
  const learned = await ask('POST', `/api/agent/unanswered/${(await groups())[0]?.id}/answer`, {
    answer: 'Two.',
  });
  await miss('Striped horses');
  const more = await ask('POST', `/api/agent/unanswered/${(await groups())[0]?.id}/answer`, {
    entry: 'Any zebras',
  });
  const path = `/api/agent/entries/${idOf(learned)}`;
  const change = { answer: 'Three.', question: 'How many zebras?', also: ['zebra count'] };
  expect(await ask('PATCH', path, change)).toMatchObject({ status: 200, body: change });
  expect(await tried('striped horses')).toMatchObject({ text: 'Three.', entries: ['How many zebras?'] });
  expect(await tried('zebra count')).toMatchObject({ text: 'Three.' });
  const way = `/api/agent/entries/${idOf(more)}`;
  expect((await ask('PATCH', way, { answer: 'x' })).body['code']).toBe('VALIDATION_FAILED');
  expect((await ask('PATCH', way, { also: ['tall horses'] })).body).toMatchObject({
    question: 'How many zebras?',
    also: ['tall horses'],
  });
  const [first] = (await walk(api, '/api/agent/entries?source=profile')) as { question: string }[];
  expect((await ask('PATCH', path, { question: first?.question })).body['code']).toBe('ENTRY_EXISTS');
  expect((await ask('PATCH', path, {})).status).toBe(400);
  expect((await ask('PATCH', '/api/agent/entries/999', change)).body['code']).toBe('ENTRY_NOT_FOUND');
});

test('a group that was dismissed stays away when it is asked again, until it is opened', async () => {
  await miss('Any zebras');
  const [group] = await groups();
  const of = `/api/agent/unanswered/${group?.id}`;
  for (const _ of [1, 2]) expect((await ask('POST', `${of}/dismiss`)).status).toBe(204);
  await miss('any zebras?');
  expect(await groups()).toEqual([]);
  expect(await groups('&state=dismissed')).toMatchObject([{ id: group?.id, count: 2 }]);
  for (const _ of [1, 2]) expect((await ask('POST', `${of}/reopen`)).status).toBe(204);
  expect(await groups()).toMatchObject([{ id: group?.id, count: 2 }]);
  await ask('POST', `${of}/dismiss`);
  expect((await ask('POST', `${of}/answer`, { answer: 'Two.' })).status).toBe(200);
  expect(await groups('&state=dismissed')).toEqual([]);
});

test('what is asked again after it was answered, and is not understood still, is open again', async () => {
  await miss('Any zebras');
  const [group] = await groups();
  const path = `/api/agent/unanswered/${group?.id}/answer`;
  const { body: entry } = await ask('POST', path, { answer: 'Two.' });
  await miss('Any zebras');
  expect(await groups()).toMatchObject([{ id: group?.id, count: 1 }]);
  expect((await ask('POST', path, { answer: 'Two.' })).body).toMatchObject({
    question: entry['question'],
    answer: null,
  });
  expect(await groups()).toEqual([]);
});

test('texts that hold numbers or addresses are not taken over unless somebody says so', async () => {
  for (const _ of [1, 2]) await miss('Zebra ride? me@example.com');
  await miss('zebra ride example com');
  const [group] = await groups();
  expect(group?.question).toBe('Zebra ride? me@example.com');
  const path = `/api/agent/unanswered/${group?.id}/answer`;
  const { body } = await ask('POST', path, { answer: 'No.' });
  expect(body).toMatchObject({ question: 'zebra ride example com', also: [] });
  await ask('DELETE', `/api/agent/entries/${idOf({ body })}`);
  const also = ['Zebra ride? me@example.com'];
  expect((await ask('POST', path, { answer: 'No.', also })).body).toMatchObject({ also });
});

test('nobody sees or changes what is another business’, and a made-up id is not found', async () => {
  await miss('Who fixes boats', { businessId: 'other' });
  const [group] = await groups('', adminKey);
  for (const path of ['answer', 'dismiss', 'reopen'])
    for (const id of [group?.id, 'x', 'a'.repeat(32)])
      expect(
        await ask(
          'POST',
          `/api/agent/unanswered/${id}/${path}`,
          path === 'answer' ? { answer: 'x' } : undefined,
        ),
      ).toMatchObject({ status: 404, body: { code: 'QUESTION_NOT_FOUND' } });
  const { body } = await ask(
    'POST',
    `/api/agent/unanswered/${group?.id}/answer`,
    { answer: 'Bo.' },
    adminKey,
  );
  expect(body['business_id']).toBe('other');
  expect((await ask('DELETE', `/api/agent/entries/${idOf({ body })}`)).status).toBe(404);
  expect(await walk(api, '/api/agent/entries?source=learned')).toEqual([]);
  expect((await api.get('/api/agent/unanswered?business=other')).status).toBe(403);
});

test('the erasure of a contact takes what only that contact asked out of what was learned', async () => {
  const contact = '4915550001@s.whatsapp.net';
  await miss('my zebra ate your fence', { contact });
  await miss('zebra ate the fence');
  const [group] = await groups();
  await ask('POST', `/api/agent/unanswered/${group?.id}/answer`, { answer: 'We pay.', question: 'Fence?' });
  await api.db.transaction((tx) => eraseContact(tx, { contact, businessId: undefined }));
  const left = await api.db.query<{ texts: string[] }>('select also as texts from learned_entries');
  expect(left).toEqual([{ texts: ['zebra ate the fence'] }]);
});

test('entries are paged: what was learned first, then the profile', async () => {
  for (const text of ['Any zebras', 'Boats for hire', 'Piano lessons']) {
    await miss(text);
    const [group] = await groups();
    await ask('POST', `/api/agent/unanswered/${group?.id}/answer`, { answer: `About ${text}` });
  }
  const all = await walk(api, '/api/agent/entries?limit=2');
  expect(all.slice(0, 4).map(({ source, question }) => [source, question])).toEqual([
    ['learned', 'Piano lessons'],
    ['learned', 'Boats for hire'],
    ['learned', 'Any zebras'],
    ['profile', expect.any(String)],
  ]);
  expect(new Set(all.map(({ question }) => question)).size).toBe(all.length);
  expect((await api.get('/api/agent/entries?cursor=WyJ4Il0')).status).toBe(400);
  expect((await api.get('/api/agent/unanswered?cursor=WyJ4Il0')).status).toBe(400);
});

test('a text is tried at any time and after any history, and the reason is said', async () => {
  const { body } = await ask('POST', '/api/agent/try', { text: 'STOP' });
  expect(body).toMatchObject({
    answer: { source: 'opt-out' },
    why: ['The rule for opt-out applies (“stop”); no entry is looked at.'],
  });
  const at = (now: string) => tried('When are you open?', { now });
  const [day, night] = [await at('2026-12-01T12:00:00Z'), await at('2026-12-01T23:30:00Z')];
  expect(day).toMatchObject({ source: 'hours' });
  expect(night['text']).not.toBe(day['text']);
  const history = [
    { direction: 'inbound', text: 'When are you open?' },
    { direction: 'outbound', text: day['text'] },
  ];
  const again = await tried('When are you open?', { now: '2026-12-01T12:00:00Z', history });
  expect(again['text']).not.toBe(day['text']);
  expect(await api.db.query('select 1 from messages')).toEqual([]);
});

test.each([
  ['no text', {}],
  ['an empty text', { text: '' }],
  ['a long text', { text: 'a'.repeat(4097) }],
  ['a time that is none', { text: 'a', now: 'yesterday' }],
  [
    'a long history',
    { text: 'a', history: Array.from({ length: 101 }, () => ({ direction: 'inbound', text: 'a' })) },
  ],
  ['a history of another form', { text: 'a', history: [{ from: 'me' }] }],
  ['a field that there is not', { text: 'a', send: true }],
])('%s is no text to try', async (_what, body) => {
  expect(await ask('POST', '/api/agent/try', body)).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED', errors: expect.any(Array) },
  });
});

test('ways to ask an entry that the profile does not have are shown as not used', async () => {
  await api.db.query(
    `insert into learned_entries (business_id, question, answer, also) values
       ('default', 'Where are you located?', null, '{spot}'), ('default', 'Do you sell yachts?', null, '{yachts}')`,
  );
  const used = async (): Promise<unknown> =>
    (await walk(api, '/api/agent/entries?source=learned&limit=2', apiKey)).map((one) => [
      one['question'],
      one['is_used'],
    ]);
  await expect.poll(used).toEqual([
    ['Do you sell yachts?', false],
    ['Where are you located?', true],
  ]);
});

test('an api whose profile has faults starts, says so, and goes on once it has none', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'profile-'));
  const path = join(folder.path, 'profile.yaml');
  await writeFile(path, 'name: 1\n');
  await using other = await startTestApi({ PROFILE_PATH: path });
  const tryThere = (): Promise<Response> =>
    fetch(`${other.url}/api/agent/try`, {
      method: 'POST',
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'hello' }),
    });
  const refused = await poll(
    async () => {
      const response = await tryThere();
      const body = (await response.json()) as { code: string; detail: string };
      return body.detail.includes('timeZone: is missing') && { status: response.status, ...body };
    },
    { what: 'the faults' },
  );
  expect(refused).toMatchObject({ status: 503, code: 'PROFILE_UNAVAILABLE' });
  const usual = new URL('../../../packages/agentkit/profiles/default.yaml', import.meta.url);
  await writeFile(path, await readFile(usual));
  await poll(async () => (await tryThere()).status === 200, { what: 'the profile', timeoutMs: 20_000 });
});

test('while the database is away a text is tried with what is known, and everything else says so', async () => {
  await using away = await startTestApi({ DATABASE_URL: 'postgres://127.0.0.1:9/none' });
  const askThere = async (method: string, path: string, body?: unknown): Promise<number> =>
    (
      await fetch(`${away.url}${path}`, {
        method,
        headers: { 'x-api-key': apiKey, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
    ).status;
  await poll(async () => (await askThere('POST', '/api/agent/try', { text: 'hello' })) === 200, {
    what: 'the profile',
  });
  expect([
    await askThere('GET', '/api/agent/unanswered'),
    await askThere('GET', '/api/agent/entries'),
    await askThere('POST', `/api/agent/unanswered/${'a'.repeat(32)}/answer`, { answer: 'x' }),
    await askThere('DELETE', '/api/agent/entries/1'),
  ]).toEqual([503, 503, 503, 503]);
});
