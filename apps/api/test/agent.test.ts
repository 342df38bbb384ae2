import { questionKey } from '@prosaas/agentkit';
import { eraseContact, recordUnanswered } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiAnswer, type TestApi, adminKey, apiKey, receive, startTestApi, walk } from './support.ts';

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

type Answer = Omit<ApiAnswer, 'headers'>;

async function ask(method: string, path: string, body?: unknown, key = apiKey): Promise<Answer> {
  const { status, body: answer } = await api.send(method, path, { key, body });
  return { status, body: answer };
}

/** Records a question that the agent does not understand. */
async function askUnknown(
  text: string,
  { contact, businessId = 'default' }: { contact?: string; businessId?: string } = {},
) {
  const message = await receive(api.db, { businessId, ...(contact !== undefined && { contact }) });
  const question = { messageId: message.id, businessId, text, key: questionKey(text) ?? '' };
  await api.db.transaction((tx) => recordUnanswered(tx, question));
  return question;
}

const idOf = ({ body }: Pick<Answer, 'body'>): string => String(body['id']);

interface Group {
  id: string;
  question: string;
  count: number;
  examples: { text: string; count: number; conversation_id: string }[];
}
const groups = async (query = '', key = apiKey): Promise<Group[]> =>
  (await walk(api, `/api/agent/unanswered?limit=2${query}`, key)) as unknown as Group[];
const tryText = async (text: string, more: object = {}): Promise<Record<string, unknown>> =>
  (await ask('POST', '/api/agent/try', { text, ...more })).body['answer'] as Record<string, unknown>;

test('lists questions that were not understood in groups, the most frequent first, and counts each message once', async () => {
  await askUnknown('Do you rent helicopters?');
  const again = await askUnknown('do you rent HELICOPTERS');
  await api.db.transaction((tx) => recordUnanswered(tx, again));
  await askUnknown('rent a helicopter');
  await askUnknown('Is there a piano?');
  await askUnknown('Is there a piano?');
  await askUnknown('Any zebras');
  await askUnknown('Who fixes boats', { businessId: 'other' });

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

test('an answer makes an entry that takes effect at once, a repeat changes nothing, and deleting the entry reopens the group', async () => {
  await askUnknown('Do you rent helicopters?');
  await askUnknown('rent helicopters pls');
  expect(await tryText('Do you rent helicopters?')).toMatchObject({ source: 'unknown' });
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
    expect(await tryText(text)).toEqual({
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
  expect(await tryText('Do you rent helicopters?')).toMatchObject({ source: 'unknown' });
  expect(await groups()).toEqual([group]);
  const { items } = await api.list('/api/audit?limit=200', adminKey);
  const actions = items.map(({ action }) => action);
  expect(actions).toContain('POST /api/agent/unanswered/:id/answer');
  expect(actions).toContain('DELETE /api/agent/entries/:id');
});

test('a group becomes another way to ask an entry of the profile or a learned entry', async () => {
  const [first] = (await walk(api, '/api/agent/entries?source=profile')) as {
    question: string;
    answer: string;
  }[];
  await askUnknown('Xylophone zone?');
  const [group] = await groups();
  const path = `/api/agent/unanswered/${group?.id}/answer`;
  expect((await ask('POST', path, { entry: 'No such entry?' })).body['code']).toBe('ENTRY_NOT_FOUND');
  const linked = await ask('POST', path, { entry: first?.question });
  expect(linked.body).toMatchObject({ question: first?.question, answer: null, also: ['Xylophone zone?'] });
  expect(await ask('POST', path, { entry: first?.question })).toEqual(linked);
  expect(await tryText('xylophone zone')).toMatchObject({ text: first?.answer, source: 'faq' });

  await askUnknown('Any zebras');
  const [zebras] = await groups();
  const learned = await ask('POST', `/api/agent/unanswered/${zebras?.id}/answer`, { answer: 'Two.' });
  await askUnknown('Striped horses');
  const [horses] = await groups();
  const more = await ask('POST', `/api/agent/unanswered/${horses?.id}/answer`, { entry: 'any ZEBRAS' });
  expect(more.body).toMatchObject({ question: 'Any zebras', answer: null, also: ['Striped horses'] });
  expect(await tryText('striped horses')).toMatchObject({ text: 'Two.' });
  // Ways to ask are deleted with their entry.
  await ask('DELETE', `/api/agent/entries/${idOf(learned)}`);
  expect(await tryText('striped horses')).toMatchObject({ source: 'unknown' });
  expect((await groups()).map(({ question }) => question).toSorted()).toEqual([
    'Any zebras',
    'Striped horses',
  ]);
});

test('refuses a question that an entry has, unless the answer is the same, and refuses an answer together with an entry', async () => {
  const [first] = (await walk(api, '/api/agent/entries?source=profile')) as {
    question: string;
    answer: string;
  }[];
  await askUnknown('Any zebras');
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

test('a changed entry keeps the ways to ask that were added to it', async () => {
  await askUnknown('Any zebras');
  const learned = await ask('POST', `/api/agent/unanswered/${(await groups())[0]?.id}/answer`, {
    answer: 'Two.',
  });
  await askUnknown('Striped horses');
  const more = await ask('POST', `/api/agent/unanswered/${(await groups())[0]?.id}/answer`, {
    entry: 'Any zebras',
  });
  const path = `/api/agent/entries/${idOf(learned)}`;
  const change = { answer: 'Three.', question: 'How many zebras?', also: ['zebra count'] };
  expect(await ask('PATCH', path, change)).toMatchObject({ status: 200, body: change });
  expect(await tryText('striped horses')).toMatchObject({ text: 'Three.', entries: ['How many zebras?'] });
  expect(await tryText('zebra count')).toMatchObject({ text: 'Three.' });
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

test('a dismissed group stays dismissed when it is asked again, until it is reopened', async () => {
  await askUnknown('Any zebras');
  const [group] = await groups();
  const path = `/api/agent/unanswered/${group?.id}`;
  for (const _ of [1, 2]) expect((await ask('POST', `${path}/dismiss`)).status).toBe(204);
  await askUnknown('any zebras?');
  expect(await groups()).toEqual([]);
  expect(await groups('&state=dismissed')).toMatchObject([{ id: group?.id, count: 2 }]);
  for (const _ of [1, 2]) expect((await ask('POST', `${path}/reopen`)).status).toBe(204);
  expect(await groups()).toMatchObject([{ id: group?.id, count: 2 }]);
  await ask('POST', `${path}/dismiss`);
  expect((await ask('POST', `${path}/answer`, { answer: 'Two.' })).status).toBe(200);
  expect(await groups('&state=dismissed')).toEqual([]);
});

test('reopens an answered group when its question is still not understood', async () => {
  await askUnknown('Any zebras');
  const [group] = await groups();
  const path = `/api/agent/unanswered/${group?.id}/answer`;
  const { body: entry } = await ask('POST', path, { answer: 'Two.' });
  await askUnknown('Any zebras');
  expect(await groups()).toMatchObject([{ id: group?.id, count: 1 }]);
  expect((await ask('POST', path, { answer: 'Two.' })).body).toMatchObject({
    question: entry['question'],
    answer: null,
  });
  expect(await groups()).toEqual([]);
});

test('does not learn texts with numbers or addresses unless a request contains them', async () => {
  for (const _ of [1, 2]) await askUnknown('Zebra ride? me@example.com');
  await askUnknown('zebra ride example com');
  const [group] = await groups();
  expect(group?.question).toBe('Zebra ride? me@example.com');
  const path = `/api/agent/unanswered/${group?.id}/answer`;
  const { body } = await ask('POST', path, { answer: 'No.' });
  expect(body).toMatchObject({ question: 'zebra ride example com', also: [] });
  await ask('DELETE', `/api/agent/entries/${idOf({ body })}`);
  const also = ['Zebra ride? me@example.com'];
  expect((await ask('POST', path, { answer: 'No.', also })).body).toMatchObject({ also });
});

test('groups and entries of another business are not found, nor are unknown ids', async () => {
  await askUnknown('Who fixes boats', { businessId: 'other' });
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

test('erasing a contact removes its own texts from learned entries', async () => {
  const contact = '4915550001@s.whatsapp.net';
  await askUnknown('my zebra ate your fence', { contact });
  await askUnknown('zebra ate the fence');
  const [group] = await groups();
  await ask('POST', `/api/agent/unanswered/${group?.id}/answer`, { answer: 'We pay.', question: 'Fence?' });
  await api.db.transaction((tx) => eraseContact(tx, { contact, businessId: undefined }));
  const left = await api.db.query<{ texts: string[] }>('select also as texts from learned_entries');
  expect(left).toEqual([{ texts: ['zebra ate the fence'] }]);
});

test('pages through entries, learned ones first', async () => {
  for (const text of ['Any zebras', 'Boats for hire', 'Piano lessons']) {
    await askUnknown(text);
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

test('shows ways to ask as not used if the profile does not have their entry', async () => {
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
