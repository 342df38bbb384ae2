import { recordInbound } from '@prosaas/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApi, apiKey, startTestApi } from './support.ts';

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

test('a message is stored together with the job that sends it', async () => {
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
])('the job carries on the trace of its request, %s', async (traceparent, isKept) => {
  const answer = await fetch(`${api.url}/api/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey, traceparent },
    body: JSON.stringify({ conversation_id: conversationId, text: 'traced' }),
  });
  const { id } = (await answer.json()) as { id: string };
  const [job] = await api.db.query('select trace from jobs where message_id = $1', [id]);
  expect(job).toEqual({ trace: isKept ? traceparent : null });
});

test('the same Idempotency-Key, also many times at once, is one message', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => write({ conversation_id: conversationId, text: 'once' }, 'order-17')),
  );
  const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
  expect(statuses).toEqual([...Array.from({ length: 9 }, () => 200), 202]);
  const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { id: string }).id));
  expect(new Set(ids).size).toBe(1);
  expect(await api.db.query('select 1 from jobs where message_id = $1', [ids[0]])).toHaveLength(1);
});

test('the same Idempotency-Key with another text is refused', async () => {
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
])('%j is answered %i %s', async (body, status, code) => {
  const answer = await write(body);
  expect([answer.status, await answer.json()]).toMatchObject([status, { code }]);
});

test('a text that can not be stored is refused', async () => {
  const answer = await write({ conversation_id: conversationId, text: 'a\0b' });
  expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'INVALID_TEXT' }]);
});

test('every wrong field is named at once', async () => {
  const answer = await write({ text: 7 });
  const { errors } = (await answer.json()) as { errors: { field: string }[] };
  expect(errors.map(({ field }) => field).toSorted()).toEqual(['body.conversation_id', 'body.text']);
});

test('who asked for no more messages gets none', async () => {
  await api.db.query('update conversations set opted_out_at = now() where id = $1', [conversationId]);
  const answer = await write({ conversation_id: conversationId, text: 'please' });
  expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'CONTACT_OPTED_OUT' }]);
});
