import { recordInbound } from '@prosaas/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApi, adminKey, apiKey, startTestApi } from './support.ts';

let api: TestApi;
let conversationId: string;

beforeAll(async () => {
  api = await startTestApi();
  await api.db.query(`insert into whatsapp_sessions (id, business_id) values ('main', 'default')`);
  ({ conversationId } = await api.db.transaction((tx) =>
    recordInbound(tx, {
      sessionId: 'main',
      businessId: 'default',
      contact: '491520000001@s.whatsapp.net',
      externalId: 'M1',
      text: 'hello',
      sentAt: new Date(),
    }),
  ));
});
afterAll(() => api[Symbol.asyncDispose]());

function write(body: unknown, key?: string): Promise<Response> {
  return fetch(`${api.url}/api/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': apiKey,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
  });
}

test('stores a message together with the job that sends it', async () => {
  const answer = await write({ conversation_id: conversationId, text: 'Your order is ready.' });
  expect(answer.status).toBe(202);
  const message = (await answer.json()) as { id: string };
  expect(message).toMatchObject({ direction: 'outbound', status: 'queued', text: 'Your order is ready.' });
  const jobs = await api.db.query('select queue, order_key, trace, payload from jobs where message_id = $1', [
    message.id,
  ]);
  expect(jobs).toEqual([
    {
      queue: 'outbound-messages',
      order_key: `out:${conversationId}`,
      trace: null,
      payload: { messageId: message.id, conversationId, businessId: 'default' },
    },
  ]);
});

test.each([
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true],
  ['anything', false],
])('copies the traceparent %s into the job only if it is valid', async (traceparent, isKept) => {
  const answer = await fetch(`${api.url}/api/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey, traceparent },
    body: JSON.stringify({ conversation_id: conversationId, text: 'traced' }),
  });
  const { id } = (await answer.json()) as { id: string };
  const [job] = await api.db.query('select trace from jobs where message_id = $1', [id]);
  expect(job).toEqual({ trace: isKept ? traceparent : null });
});

test('makes one message of concurrent requests with the same Idempotency-Key', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => write({ conversation_id: conversationId, text: 'once' }, 'order-17')),
  );
  const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
  expect(statuses).toEqual([...Array.from({ length: 9 }, () => 200), 202]);
  const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { id: string }).id));
  expect(new Set(ids).size).toBe(1);
  expect(await api.db.query('select 1 from jobs where message_id = $1', [ids[0]])).toHaveLength(1);
});

test('refuses the same Idempotency-Key with another text', async () => {
  await write({ conversation_id: conversationId, text: 'first' }, 'k');
  const answer = await write({ conversation_id: conversationId, text: 'second' }, 'k');
  expect([answer.status, await answer.json()]).toMatchObject([422, { code: 'IDEMPOTENCY_KEY_REUSED' }]);
});

test.each([
  [{}, 400, 'VALIDATION_FAILED'],
  [{ conversation_id: 'x', text: '' }, 400, 'VALIDATION_FAILED'],
  [{ conversation_id: 'x', text: '  ' }, 400, 'VALIDATION_FAILED'],
  [{ conversation_id: 'x', text: 'a'.repeat(4097) }, 400, 'VALIDATION_FAILED'],
  [{ conversation_id: 'x', text: 'a', to: 'y' }, 400, 'VALIDATION_FAILED'],
  [{ conversation_id: 'x\0', text: 'a' }, 404, 'CONVERSATION_NOT_FOUND'],
  [{ conversation_id: 'x', text: 'a' }, 404, 'CONVERSATION_NOT_FOUND'],
])('responds to %j with %i %s', async (body, status, code) => {
  const answer = await write(body);
  expect([answer.status, await answer.json()]).toMatchObject([status, { code }]);
});

test('refuses a text with NUL, which cannot be stored', async () => {
  const answer = await write({ conversation_id: conversationId, text: 'a\0b' });
  expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'INVALID_TEXT' }]);
});

test('names all invalid fields at once', async () => {
  const answer = await write({ text: 7 });
  const { errors } = (await answer.json()) as { errors: { field: string }[] };
  expect(errors.map(({ field }) => field).toSorted()).toEqual(['body.conversation_id', 'body.text']);
});

/** Starts a new conversation, which the agent answers. */
async function startConversation(): Promise<string> {
  contactCount += 1;
  const { conversationId: id } = await receiveFrom(`4915300000${contactCount}@s.whatsapp.net`);
  return id;
}
let contactCount = 10;
let externalIds = 1;
const receiveFrom = (contact: string): ReturnType<typeof recordInbound> =>
  api.db.transaction((tx) =>
    recordInbound(tx, {
      sessionId: 'main',
      businessId: 'default',
      contact,
      externalId: `M${(externalIds += 1)}`,
      text: 'Do you take cash?',
      sentAt: new Date(),
    }),
  );
const stateOf = async (id: string) =>
  (await api.db.query('select state, state_reason from conversations where id = $1', [id]))[0];
const eventsOf = (id: string): Promise<unknown[]> =>
  api.db.query(
    'select event, actor, message_id from conversation_events where conversation_id = $1 order by id',
    [id],
  );
const messagesOf = (id: string): Promise<unknown[]> =>
  api.db.query('select author, status, reason from messages where conversation_id = $1 order by seq', [id]);

test("a person's message takes the conversation over and drops the queued answer of the agent", async () => {
  const id = await startConversation();
  const [asked] = await api.db.query<{ id: string }>('select id from messages where conversation_id = $1', [
    id,
  ]);
  await api.db.query(
    `insert into messages (business_id, conversation_id, session_id, direction, status, author, text, in_reply_to)
     values ('default', $1, 'main', 'outbound', 'queued', 'agent', 'Yes', $2)`,
    [id, asked!.id],
  );
  const answer = await write({ conversation_id: id, text: 'Cash is fine.' }, 'take');
  const message = (await answer.json()) as { id: string };
  expect([answer.status, message]).toMatchObject([202, { author: 'person', status: 'queued' }]);
  expect(await stateOf(id)).toEqual({ state: 'person', state_reason: 'person_wrote' });
  expect(await messagesOf(id)).toEqual([
    { author: 'customer', status: 'answered', reason: null },
    { author: 'agent', status: 'ignored', reason: 'taken_over' },
    { author: 'person', status: 'queued', reason: null },
  ]);
  const events = await eventsOf(id);
  expect(events[0]).toEqual({ event: 'person_wrote', actor: 'person', message_id: message.id });
  // A repeated request does not take over a conversation that was given back meanwhile.
  await api.db.query(`update conversations set state = 'agent' where id = $1`, [id]);
  expect((await write({ conversation_id: id, text: 'Cash is fine.' }, 'take')).status).toBe(200);
  expect(await stateOf(id)).toMatchObject({ state: 'agent' });
  expect(await eventsOf(id)).toEqual(events);
});

test('a message has the person of its key, unless a program writes it', async () => {
  const created = await fetch(`${api.url}/api/people`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': adminKey },
    body: JSON.stringify({ name: 'Dana', role: 'staff' }),
  });
  const { id: personId, key } = (await created.json()) as { id: string; key: string };
  const id = await startConversation();
  for (const [as, person] of [
    ['program', null],
    ['person', personId],
  ]) {
    const answer = await fetch(`${api.url}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify({ conversation_id: id, text: 'Hello.', as }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([202, { author: as, person_id: person }]);
    const [row] = await api.db.query('select person_id from conversations where id = $1', [id]);
    expect(row).toEqual({ person_id: person });
  }
});

test.each(['agent', 'waiting', 'person', 'closed'])(
  'in the state %s a program writes without a change of state, and a person takes over',
  async (state) => {
    const id = await startConversation();
    await api.db.query('update conversations set state = $2 where id = $1', [id, state]);
    const answer = await write({ conversation_id: id, text: 'A reminder.', as: 'program' });
    expect([answer.status, await answer.json()]).toMatchObject([
      202,
      { author: 'program', status: 'queued' },
    ]);
    expect(await stateOf(id)).toMatchObject({ state });
    expect(await messagesOf(id)).toMatchObject([{ status: 'received' }, { author: 'program' }]);
    expect(await eventsOf(id)).toEqual([]);
    expect((await write({ conversation_id: id, text: 'Hello.', as: 'person' })).status).toBe(202);
    expect(await stateOf(id)).toMatchObject({ state: 'person' });
  },
);

test('after an opt-out programs cannot write, and people only after the customer writes again', async () => {
  const id = await startConversation();
  const first = await write({ conversation_id: id, text: 'before', as: 'program' }, 'early');
  await api.db.query('update conversations set opted_out_at = now() where id = $1', [id]);
  const before = await messagesOf(id);
  for (const as of ['program', 'person']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const answer = await write({ conversation_id: id, text: 'please', as }, as);
    // oxlint-disable-next-line no-await-in-loop -- as above
    const problem = await answer.json();
    expect([answer.status, answer.headers.get('content-type'), problem]).toMatchObject([
      409,
      expect.stringContaining('application/problem+json'),
      { code: 'CONTACT_OPTED_OUT', detail: expect.stringContaining(`/api/conversations/${id}/opt-in`) },
    ]);
  }
  expect(await messagesOf(id)).toEqual(before);
  expect(await stateOf(id)).toMatchObject({ state: 'agent' });
  // A repeat of an earlier request still gets its message.
  const repeat = await write({ conversation_id: id, text: 'before', as: 'program' }, 'early');
  expect([repeat.status, await repeat.json()]).toEqual([200, await first.json()]);

  await receiveFrom(`4915300000${contactCount}@s.whatsapp.net`);
  expect((await write({ conversation_id: id, text: 'please', as: 'program' }, 'program')).status).toBe(409);
  expect((await write({ conversation_id: id, text: 'please' }, 'person')).status).toBe(202);
  expect(await stateOf(id)).toMatchObject({ state: 'person' });
});

test('refuses an unknown author', async () => {
  const answer = await write({ conversation_id: await startConversation(), text: 'x', as: 'agent' });
  expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'VALIDATION_FAILED' }]);
});
