import { recordInbound, saveRecording } from '@prosaas/database';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestApi, adminKey, startTestApi, walk } from './support.ts';

let api: TestApi;
const conversations: string[] = [];

beforeAll(async () => {
  api = await startTestApi();
  await api.db.query(
    `insert into businesses (id, name, time_zone) values ('other', 'Other', 'Asia/Jerusalem')`,
  );
  await api.db.query(
    `insert into whatsapp_sessions (id, business_id) values ('main', 'default'), ('second', 'other')`,
  );
  for (let contact = 0; contact < 7; contact += 1) {
    const { conversationId } = await api.db.transaction((tx) =>
      recordInbound(tx, {
        sessionId: contact < 5 ? 'main' : 'second',
        businessId: contact < 5 ? 'default' : 'other',
        contact: `4915200000${contact}@s.whatsapp.net`,
        externalId: `M${contact}`,
        text: `שלום ${contact}`,
        sentAt: new Date(),
      }),
    );
    conversations.push(conversationId);
  }
  // Conversations whose last messages have the same microsecond, and one without a message, are sorted too.
  await api.db.query(
    `update conversations set last_message_at = (select max(last_message_at) from conversations) where id = any($1)`,
    [conversations.slice(1, 4)],
  );
  await api.db.query('update conversations set last_message_at = null where id = $1', [conversations[4]]);
  for (let call = 0; call < 5; call += 1) {
    await api.db.query(
      `insert into calls (id, business_id, from_number, status, outcome, started_at)
       values ($1, $2, '+49301234567', 'completed', 'completed', '2026-01-01T00:00:00.123456Z')`,
      [`CA${call}`, call < 4 ? 'default' : 'other'],
    );
  }
  await saveRecording(api.db, {
    id: '00000000-0000-4000-8000-000000000001',
    callId: 'CA1',
    mediaType: 'audio/wav',
    durationMs: 1500,
    audio: new Uint8Array([1, 2, 3]),
  });
});
afterAll(() => api[Symbol.asyncDispose]());

describe('lists', () => {
  test.each([
    ['/api/conversations', 5, 7],
    ['/api/messages', 5, 7],
    ['/api/calls', 4, 5],
    ['/api/businesses', 1, 2],
  ])(
    '%s lists each record once, in pages of any size, and only those of its business for an API key',
    async (path, own, all) => {
      for (const limit of [1, 2, 200]) {
        const mine = await walk(api, `${path}?limit=${limit}`);
        expect(new Set(mine.map(({ id }) => id)).size).toBe(own);
        expect(mine).toHaveLength(own);
        for (const record of mine) expect(record['business_id'] ?? record['id']).toBe('default');
        expect(await walk(api, `${path}?limit=${limit}`, adminKey)).toHaveLength(all);
      }
    },
  );

  test('the admin key may name any business, an API key only its own', async () => {
    expect((await api.list('/api/conversations?business=other', adminKey)).items).toHaveLength(2);
    expect((await api.list('/api/conversations?business=default')).items).toHaveLength(5);
    const answer = await api.get('/api/conversations?business=other');
    expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'BUSINESS_NOT_ALLOWED' }]);
  });

  test('lists only the messages of the conversation', async () => {
    const { items } = await api.list(`/api/conversations/${conversations[0]}/messages`);
    expect(items).toMatchObject([{ text: 'שלום 0', direction: 'inbound', status: 'received' }]);
  });

  test.each([
    ['/api/conversations?limit=0', 'VALIDATION_FAILED'],
    ['/api/conversations?limit=201', 'VALIDATION_FAILED'],
    ['/api/conversations?limit=ten', 'VALIDATION_FAILED'],
    ['/api/conversations?limitt=5', 'VALIDATION_FAILED'],
    ['/api/conversations?cursor=', 'VALIDATION_FAILED'],
    ['/api/conversations?cursor=abc', 'BAD_CURSOR'],
    ['/api/messages?cursor=WyJ4Il0', 'BAD_CURSOR'],
    ['/api/calls?cursor=WzFd', 'BAD_CURSOR'],
    ['/api/businesses?cursor=W10', 'BAD_CURSOR'],
    ['/api/jobs?cursor=WyIxIl0', 'BAD_CURSOR'],
    ['/api/jobs?state=lost', 'VALIDATION_FAILED'],
    ['/api/jobs?queue=nobody', 'VALIDATION_FAILED'],
  ])('%s is 400 %s', async (path, code) => {
    const answer = await api.get(path);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect([answer.status, await answer.json()]).toMatchObject([400, { status: 400, code }]);
  });
});

describe('single records', () => {
  test.each([
    ['/api/conversations/nonsense', 'CONVERSATION_NOT_FOUND'],
    ['/api/conversations/00000000-0000-4000-8000-000000000000', 'CONVERSATION_NOT_FOUND'],
    ['/api/conversations/00000000-0000-4000-8000-000000000000/messages', 'CONVERSATION_NOT_FOUND'],
    ['/api/messages/nonsense', 'MESSAGE_NOT_FOUND'],
    ['/api/calls/CA4', 'CALL_NOT_FOUND'],
    ['/api/calls/nonsense', 'CALL_NOT_FOUND'],
    ['/api/calls/CA1/recordings/nonsense', 'RECORDING_NOT_FOUND'],
    ['/api/calls/CA2/recordings/00000000-0000-4000-8000-000000000001', 'RECORDING_NOT_FOUND'],
    ['/api/businesses/other', 'BUSINESS_NOT_FOUND'],
    ['/api/jobs/nobody/1', 'QUEUE_NOT_FOUND'],
    ['/api/jobs/inbound-messages/1', 'JOB_NOT_FOUND'],
    ['/admin/queues', 'NOT_FOUND'],
  ])('%s is 404 %s', async (path, code) => {
    const answer = await api.get(path);
    expect([answer.status, await answer.json()]).toMatchObject([404, { code }]);
  });

  test.each([
    'conversations',
    'messages',
    'calls',
    'businesses',
    'jobs/inbound-messages',
    'jobs/dead-letter',
  ])('/api/%s/%%00 is 404, and in the audit log', async (resource) => {
    const answer = await api.get(`/api/${resource}/%00`, adminKey);
    expect(answer.status).toBe(404);
    const request_id = answer.headers.get('x-request-id');
    await expect
      .poll(async () => (await api.list('/api/audit?limit=200', adminKey)).items)
      .toContainEqual(
        expect.objectContaining({
          request_id,
          target: expect.stringMatching(/^(inbound-messages\/)?\ufffd$/),
        }),
      );
  });

  test('responds with 404 for a conversation of another business', async () => {
    expect((await api.get(`/api/conversations/${conversations[6]}`)).status).toBe(404);
    expect((await api.get(`/api/conversations/${conversations[6]}/messages`)).status).toBe(404);
    expect((await api.get(`/api/conversations/${conversations[6]}`, adminKey)).status).toBe(200);
  });

  test('shows why a message was not delivered, alone and in its conversation', async () => {
    const [conversation] = conversations;
    const [row] = await api.db.query<{ id: string }>(
      `insert into messages (business_id, conversation_id, session_id, direction, status, text, error)
       values ('default', $1, 'main', 'outbound', 'undelivered', 'hello', 'could not be decrypted') returning id`,
      [conversation],
    );
    const undelivered = { status: 'undelivered', error: 'could not be decrypted', delivered_at: null };
    expect(await api.json(`/api/messages/${row!.id}`)).toMatchObject(undelivered);
    const { items } = await api.list(`/api/conversations/${conversation}/messages`);
    expect(items).toContainEqual(expect.objectContaining(undelivered));
  });

  test('shows the source of an answer, the name of its author, and when it was read', async () => {
    const [person] = await api.db.query<{ id: string }>(
      `insert into people (business_id, name, role) values ('default', 'Dana', 'staff') returning id`,
    );
    await api.db.query(
      `insert into messages (business_id, conversation_id, session_id, direction, status, text, author, match, person_id, read_at)
       select 'default', $1, 'main', 'outbound', 'sent', author, author, match::jsonb, person::uuid, read::timestamptz from (values
         ('agent', '{"source":"faq","question":"When?"}', null, '2026-01-01T00:00:00Z'), ('person', null, $2, null))
         as message (author, match, person, read)`,
      [conversations[1], person?.id],
    );
    const { items } = await api.list(`/api/conversations/${conversations[1]}/messages?limit=2`);
    expect(items).toMatchObject([
      { author: 'person', person_id: person?.id, person_name: 'Dana', match: null, read_at: null },
      {
        author: 'agent',
        person_id: null,
        person_name: null,
        match: { source: 'faq', question: 'When?' },
        read_at: '2026-01-01T00:00:00.000Z',
      },
    ]);
    expect(Object.keys(items[1]?.['match'] as object)).toEqual(['source', 'question']);
  });

  test('lists the recordings of a call and serves their audio', async () => {
    const call = await api.json('/api/calls/CA1');
    expect(call).toMatchObject({ id: 'CA1', recordings: [{ media_type: 'audio/wav', duration_ms: 1500 }] });
    const audio = await api.get('/api/calls/CA1/recordings/00000000-0000-4000-8000-000000000001');
    expect(audio.headers.get('content-type')).toBe('audio/wav');
    expect(audio.headers.get('content-disposition')).toMatch(/^attachment; filename=".*\.wav"$/);
    expect(new Uint8Array(await audio.arrayBuffer())).toEqual(new Uint8Array([1, 2, 3]));
  });
});

test('audits each request with the admin key and the records in its path', async () => {
  await api.get(`/api/conversations/${conversations[0]}?secret=1`, adminKey);
  const read = async (): Promise<unknown[]> => (await api.list('/api/audit?limit=200', adminKey)).items;
  // Entries are written in the background.
  await expect.poll(read, { timeout: 10_000 }).toContainEqual({
    id: expect.any(String),
    at: expect.any(String),
    role: 'admin',
    action: 'GET /api/conversations/:id',
    target: conversations[0],
    request_id: expect.any(String),
    person_id: null,
    person_name: null,
    address: '127.0.0.1',
  });
  expect(JSON.stringify(await read())).not.toContain('secret');
  const whole = await walk(api, '/api/audit?limit=3', adminKey);
  expect(new Set(whole.map(({ id }) => id)).size).toBe(whole.length);
});
