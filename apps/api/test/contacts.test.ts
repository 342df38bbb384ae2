import { recordInbound, saveRecording } from '@prosaas/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApi, adminKey, apiKey, startTestApi } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await api.db.query(`insert into businesses (id, name) values ('other', 'Other')`);
  await api.db.query(
    `insert into whatsapp_sessions (id, business_id) values ('main', 'default'), ('second', 'other')`,
  );
  for (const [sessionId, businessId, contact] of [
    ['main', 'default', '49301234567@s.whatsapp.net'],
    ['main', 'default', '49309999999@s.whatsapp.net'],
    ['second', 'other', '49301234567@s.whatsapp.net'],
  ] as const) {
    await api.db.transaction((tx) =>
      recordInbound(tx, {
        sessionId,
        businessId,
        contact,
        externalId: 'M1',
        text: 'hello',
        sentAt: new Date(),
      }),
    );
  }
  await api.db.query(
    `insert into calls (id, business_id, from_number, status) values
       ('CA1', 'default', '+49301234567', 'completed'), ('CA2', 'default', '+49309999999', 'completed'),
       ('CA3', 'default', 'sip:alice@example.com', 'completed')`,
  );
  await saveRecording(api.db, {
    id: '00000000-0000-4000-8000-000000000001',
    callId: 'CA1',
    mediaType: 'audio/wav',
    durationMs: 1000,
    audio: new Uint8Array(3),
  });
});
afterAll(() => api[Symbol.asyncDispose]());

function post(path: string, body: unknown, key = apiKey): Promise<Response> {
  return fetch(`${api.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify(body),
  });
}

test.each(['+49 30 1234567', '49301234567', '49301234567@s.whatsapp.net'])(
  "exports the messages and calls of %s within the key's business",
  async (contact) => {
    expect(await (await post('/api/contacts/export', { contact })).json()).toMatchObject({
      contact,
      conversations: [
        { business_id: 'default', contact: '49301234567@s.whatsapp.net', messages: [{ text: 'hello' }] },
      ],
      calls: [{ id: 'CA1', recordings: [{ media_type: 'audio/wav', audio: 'AAAA' }] }],
    });
  },
);

test('refuses to erase an invalid contact and deletes nothing', async () => {
  for (const contact of ['', '%', 'everyone', '   ']) {
    expect((await post('/api/contacts/erase', { contact })).status).toBe(400);
  }
  expect((await post('/api/contacts/erase', { contact: '49301234567', business: 'other' })).status).toBe(403);
  expect(await (await post('/api/contacts/erase', { contact: '4930123456' })).json()).toEqual({
    conversations: 0,
    messages: 0,
    unstored_messages: 0,
    sends: 0,
    jobs: 0,
    calls: 0,
    recordings: 0,
  });
});

test('erases all data of a contact and none of others', async () => {
  const contact = '+49301234567';
  expect(await (await post('/api/contacts/erase', { contact })).json()).toEqual({
    conversations: 1,
    messages: 1,
    unstored_messages: 0,
    sends: 0,
    jobs: 0,
    calls: 1,
    recordings: 1,
  });
  expect(await (await post('/api/contacts/export', { contact })).json()).toMatchObject({
    conversations: [],
    calls: [],
  });
  expect((await api.list('/api/conversations')).items).toHaveLength(1);
  expect((await api.list('/api/calls')).items).toHaveLength(2);
  expect(await (await post('/api/contacts/export', { contact }, adminKey)).json()).toMatchObject({
    conversations: [{ business_id: 'other' }],
  });
});

test('exports and erases a SIP caller by address', async () => {
  const contact = 'sip:Alice@example.com:5060';
  expect(await (await post('/api/contacts/export', { contact })).json()).toMatchObject({
    contact,
    names: ['sip:alice@example.com'],
    conversations: [],
    calls: [{ id: 'CA3', from_number: 'sip:alice@example.com', recordings: [] }],
  });
  expect(await (await post('/api/contacts/erase', { contact })).json()).toMatchObject({ calls: 1 });
  expect((await api.get('/api/calls/CA3')).status).toBe(404);
});
