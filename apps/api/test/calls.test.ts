import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApi, adminKey, receive, startTestApi, walk } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await api.db.query(`insert into businesses (id, name) values ('other', 'Other')`);
  await api.db.query(
    `insert into calls (id, business_id, from_number, status, outcome, started_at, timeline)
     select id, business, number, 'in-progress', outcome, '2026-01-01T00:00:00Z',
       '[{"at":"2026-01-01T00:00:00.000Z","event":"webhook","detail":null}]'
     from (values
       ('CAplain', 'default', '+491701234567', 'completed'),
       ('CAgateway', 'default', 'sip:+491701234567@gw.example.com', null),
       ('CAlonger', 'default', '+4917012345678', null),
       ('CAsip', 'default', 'sip:alice@example.com', 'error'),
       ('CAnobody', 'default', null, 'rejected'),
       ('CAother', 'other', '+491701234567', null)) as call (id, business, number, outcome)`,
  );
});
afterAll(() => api[Symbol.asyncDispose]());

const findCalls = async (query: string, key?: string): Promise<unknown[]> =>
  (await walk(api, `/api/calls?limit=1&${query}`, key)).map(({ id }) => id);

test.each<[string, string[]]>([
  ['contact=%2B49%20170%201234567', ['CAgateway', 'CAplain']],
  ['contact=491701234567@c.us', ['CAgateway', 'CAplain']],
  ['contact=sip:alice@example.com', ['CAsip']],
  ['contact=77@lid', []],
  ['live=true', ['CAgateway', 'CAlonger']],
  ['live=false', ['CAnobody', 'CAplain', 'CAsip']],
  ['live=true&contact=491701234567', ['CAgateway']],
  ['outcome=error', ['CAsip']],
  ['outcome=error,rejected', ['CAnobody', 'CAsip']],
  ['live=false&after=2026-01-01T00:00:00Z&before=2026-01-01T00:00:01Z', ['CAnobody', 'CAplain', 'CAsip']],
  ['after=2026-01-01T00:00:01Z', []],
  ['before=2026-01-01T01:00:00%2B01:00', []],
])('filters calls by %s', async (query, ids) => {
  expect(await findCalls(query)).toEqual(ids);
});

test.each([
  ['contact=4917012345%25', 400, 'VALIDATION_FAILED'],
  ['live=perhaps', 400, 'VALIDATION_FAILED'],
  ['outcome=good', 400, 'VALIDATION_FAILED'],
  ['after=yesterday', 400, 'VALIDATION_FAILED'],
  ['conversation=1', 400, 'VALIDATION_FAILED'],
  ['conversation=11111111-1111-4111-8111-111111111111', 404, 'CONVERSATION_NOT_FOUND'],
])('refuses to list calls by %s with %i', async (query, status, code) => {
  const answer = await api.get(`/api/calls?${query}`);
  expect([answer.status, await answer.json()]).toMatchObject([status, { code }]);
});

test('lists the calls of a conversation by both addresses of its contact, within its business', async () => {
  const { conversationId } = await receive(api.db, { contact: '491701234567@s.whatsapp.net' });
  const byLid = (await receive(api.db, { contact: '77@lid' })).conversationId;
  expect(await findCalls(`conversation=${conversationId}`)).toEqual(['CAgateway', 'CAplain']);
  expect(await findCalls(`conversation=${byLid}`)).toEqual([]);
  await api.db.query(
    `update conversations set alternate_contact = '491701234567@s.whatsapp.net' where id = $1`,
    [byLid],
  );
  expect(await findCalls(`conversation=${byLid}`)).toEqual(['CAgateway', 'CAplain']);
  expect(await findCalls(`conversation=${byLid}&contact=4917012345678`)).toEqual([]);
  const { conversationId: theirs } = await receive(api.db, {
    contact: '491701234567@s.whatsapp.net',
    businessId: 'other',
  });
  expect((await api.get(`/api/calls?conversation=${theirs}`)).status).toBe(404);
  // The admin key sees the number's calls to all businesses.
  expect(await findCalls(`conversation=${theirs}&business=other`, adminKey)).toEqual(['CAother']);
});

test('shows the timeline of a call', async () => {
  expect(await api.json('/api/calls/CAplain')).toMatchObject({
    timeline: [{ at: '2026-01-01T00:00:00.000Z', event: 'webhook', detail: null }],
  });
});
