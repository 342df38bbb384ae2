import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ApiAnswer, type TestApi, adminKey, apiKey, receive, startTestApi, walk } from './support.ts';

let api: TestApi;
let dana: { id: string; key: string };
let noa: { id: string; key: string };
let id: string;

async function add(
  name: string,
  business_id = 'default',
  more: Record<string, string> = {},
): Promise<{ id: string; key: string }> {
  const body = { name, role: 'staff', business_id, ...more };
  const answer = await api.send('POST', '/api/people', { key: adminKey, body });
  return answer.body as { id: string; key: string };
}

const act = (action: string, options?: { key?: string; body?: unknown }): Promise<ApiAnswer> =>
  api.send('POST', `/api/conversations/${id}/${action}`, options);

beforeAll(async () => {
  api = await startTestApi();
  await api.db.query(`insert into businesses (id, name) values ('other', 'Other')`);
  dana = await add('Dana');
  noa = await add('Noa');
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  id = (await receive(api.db)).conversationId;
});

describe('a conversation', () => {
  test('is taken over, given back, closed and reopened, and lists these events', async () => {
    expect(await act('take-over', { key: dana.key })).toMatchObject({
      status: 200,
      body: { state: 'person', state_reason: 'taken_over', person_id: dana.id, person_name: 'Dana' },
    });
    expect((await act('give-back', { key: dana.key })).body).toMatchObject({
      state: 'agent',
      person_id: null,
      person_until: null,
    });
    expect((await act('close')).body).toMatchObject({ state: 'closed' });
    expect((await act('give-back')).body).toMatchObject({ state: 'closed' });
    expect((await act('reopen')).body).toMatchObject({ state: 'agent' });
    const events = await walk(api, `/api/conversations/${id}/events?limit=3`);
    expect(
      events.map(({ event, from_state, to_state, actor, person_name }) => [
        event,
        from_state,
        to_state,
        actor,
        person_name,
      ]),
    ).toEqual([
      ['reopened', 'closed', 'agent', 'person', null],
      ['closed', 'agent', 'closed', 'person', null],
      ['given_back', 'person', 'agent', 'person', 'Dana'],
      ['taken_over', 'agent', 'person', 'person', 'Dana'],
    ]);
  });

  test('cannot be taken over from another person, but can be assigned', async () => {
    await act('take-over', { key: dana.key });
    expect(await act('take-over', { key: noa.key })).toMatchObject({
      status: 409,
      body: {
        code: 'CONVERSATION_TAKEN',
        detail: 'Dana answers this conversation. Assign it to take it from them.',
      },
    });
    expect(await act('give-back', { key: noa.key })).toMatchObject({
      status: 409,
      body: { code: 'CONVERSATION_TAKEN' },
    });
    expect((await act('take-over', { key: dana.key })).status).toBe(200);
    const assigned = await act('assign', { key: dana.key, body: { person_id: noa.id } });
    expect(assigned).toMatchObject({ status: 200, body: { state: 'person', person_name: 'Noa' } });
    const [last] = (await api.list(`/api/conversations/${id}/events`)).items;
    expect(last).toMatchObject({ event: 'assigned', person_name: 'Noa', reason: 'by Dana' });
  });

  test.each(['owner', 'admin', 'the API key', 'the admin key'])(
    'can be given back by %s while a person holds it',
    async (role) => {
      const keys: Record<string, string> = { 'the API key': apiKey, 'the admin key': adminKey };
      const key = keys[role] ?? (await add('Lea', 'default', { role })).key;
      await act('take-over', { key: dana.key });
      expect(await act('give-back', { key })).toMatchObject({ status: 200, body: { state: 'agent' } });
    },
  );

  test('has no person after a take-over with the API key, and two take-overs are one event', async () => {
    await act('take-over', { key: dana.key });
    for (const _ of [1, 2])
      expect((await act('take-over')).body).toMatchObject({ state: 'person', person_id: null });
    // Staff cannot take it from an unknown person, who may be the owner.
    expect(await act('take-over', { key: noa.key })).toMatchObject({
      status: 409,
      body: { code: 'CONVERSATION_TAKEN' },
    });
    for (const person of [noa, dana])
      for (const _ of [1, 2]) await act('assign', { key: noa.key, body: { person_id: person.id } });
    const { items } = await api.list(`/api/conversations/${id}/events`);
    expect(items.map(({ event, person_name }) => [event, person_name])).toEqual([
      ['assigned', 'Dana'],
      ['assigned', 'Noa'],
      ['taken_over', null],
      ['taken_over', 'Dana'],
    ]);
  });

  test('goes to one of two people who take it over at once, and the other gets 409', async () => {
    const answers = await Promise.all([dana, noa, dana, noa].map(({ key }) => act('take-over', { key })));
    const taken = answers.filter(({ status }) => status === 200).map(({ body }) => body['person_id']);
    expect([taken.length, new Set(taken).size]).toEqual([2, 1]);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(2);
  });

  test('can be assigned only to people of its business', async () => {
    const stranger = await add('Stranger', 'other');
    for (const person_id of [stranger.id, crypto.randomUUID(), 'nobody'])
      expect(await act('assign', { body: { person_id } })).toMatchObject({
        status: 404,
        body: { code: 'PERSON_NOT_FOUND' },
      });
  });

  test('of another business is a 404', async () => {
    const stranger = await add('Stranger', 'other');
    for (const action of ['take-over', 'give-back', 'close', 'reopen', 'read'])
      expect((await act(action, { key: stranger.key })).status).toBe(404);
    expect((await api.get(`/api/conversations/${id}/events`, stranger.key)).status).toBe(404);
  });

  test('keeps the reason of an opt-in', async () => {
    await api.db.query('update conversations set opted_out_at = now() where id = $1', [id]);
    expect((await act('opt-in', { body: {} })).status).toBe(400);
    const asked = { key: dana.key, body: { reason: 'asked for it on the phone' } };
    for (const _ of [1, 2]) expect((await act('opt-in', asked)).body).toMatchObject({ opted_out_at: null });
    const events = (await api.list(`/api/conversations/${id}/events`)).items;
    expect(events).toMatchObject([
      { event: 'opted_in', reason: 'asked for it on the phone', person_name: 'Dana' },
    ]);
  });

  test('is unread until a person reads it', async () => {
    const unread = async (): Promise<unknown> => (await api.json(`/api/conversations/${id}`))['unread'];
    expect(await unread()).toBe(true);
    expect((await act('read')).body).toMatchObject({ unread: false });
    expect(await unread()).toBe(false);
  });
});

describe('the list of conversations', () => {
  const findIds = async (query: string, key = apiKey): Promise<unknown[]> =>
    (await walk(api, `/api/conversations?limit=2&${query}`, key)).map((row) => row['id']);

  test.each<[string, boolean, string]>([
    ['state', true, 'state=waiting,agent'],
    ['state', false, 'state=waiting,person'],
    ['unread', true, 'unread=true'],
    ['unread', false, 'unread=false'],
    ['channel', true, 'channel=whatsapp'],
    ['channel', false, 'channel=phone'],
    ['session', true, 'session=session-default'],
    ['session', false, 'session=another'],
    ['contact', true, 'contact=%2B49%20170%2012345'],
    ['contact', true, 'contact=4917012345@c.us'],
    ['contact', false, 'contact=4917012346'],
    ['after', true, 'after=2020-01-01T00:00:00Z'],
    ['after', false, 'after=2999-01-01T00:00:00Z'],
    ['before', true, 'before=2999-01-01T00:00:00Z'],
    ['before', false, 'before=2020-01-01T00:00:00Z'],
    ['text', true, 'text=hELl'],
    ['text', true, 'text=7012345'],
    ['text', false, 'text=h_llo'],
    ['person', false, 'person=11111111-1111-4111-8111-111111111111'],
    ['several', true, 'state=agent&unread=true&text=hello&contact=4917012345'],
    ['several', false, 'state=agent&unread=false&text=hello&contact=4917012345'],
  ])('filters by %s: %s with %s', async (_what, isFound, query) => {
    const { conversationId } = await receive(api.db, { contact: '4917012345@s.whatsapp.net' });
    expect((await findIds(query)).includes(conversationId)).toBe(isFound);
  });

  test('filters by person', async () => {
    await act('take-over', { key: dana.key });
    expect(await findIds(`person=${dana.id}&state=person`)).toContain(id);
    expect(await findIds(`person=${noa.id}`)).not.toContain(id);
  });

  test("leaves out conversations with the business' own people unless staff=true", async () => {
    const rosa = await add('Rosa', 'default', { phone_number: '+49 170 55555' });
    const { conversationId } = await receive(api.db, { contact: '4917055555@s.whatsapp.net' });
    const lid = (await receive(api.db, { contact: '77@lid' })).conversationId;
    await api.db.query(
      `update conversations set alternate_contact = '4917055555@s.whatsapp.net' where id = $1`,
      [lid],
    );
    const ofOtherBusiness = await receive(api.db, {
      contact: '4917055555@s.whatsapp.net',
      businessId: 'other',
    });
    const ids = await findIds('', adminKey);
    expect([conversationId, lid, ofOtherBusiness.conversationId].map((one) => ids.includes(one))).toEqual([
      false,
      false,
      true,
    ]);
    expect(await findIds('staff=true')).toEqual(expect.arrayContaining([conversationId, lid, id]));
    expect((await api.get(`/api/conversations/${conversationId}`)).status).toBe(200);
    await api.send('DELETE', `/api/people/${rosa.id}`, { key: adminKey });
    expect(await findIds('')).toContain(conversationId);
  });

  test('lists the longest waiting first with sort=waiting, then those that people hold, and counts both', async () => {
    await api.db.query(`insert into businesses (id, name) values ('desk', 'Desk')`);
    const lea = await add('Lea', 'desk');
    await api.db.query(
      `insert into conversations (business_id, channel, contact, state, state_since, last_message_at, person_id)
       select 'desk', 'phone', contact, state, since, message, case when state = 'person' and contact < 'p2' then $1::uuid end
       from (values
         ('w1', 'waiting', '2026-01-01T10:00:00.000001Z'::timestamptz, '2026-01-01T10:05Z'::timestamptz),
         ('w2', 'waiting', '2026-01-01T10:00:00.000002Z', '2026-01-01T10:00Z'),
         ('w3', 'waiting', '2026-01-01T10:00:00.000002Z', null),
         ('p1', 'person', '2026-01-01T08:00Z', '2026-01-01T10:00Z'),
         ('p2', 'person', '2026-01-01T09:00Z', '2026-01-01T12:00Z'),
         ('a0', 'agent', '2026-01-01T07:00Z', null),
         ('a1', 'agent', '2026-01-01T07:00Z', '2026-01-01T13:00Z'),
         ('c1', 'closed', '2026-01-01T06:00Z', '2026-01-01T12:00Z'),
         ('a2', 'agent', '2026-01-01T05:00Z', '2026-01-01T11:00Z')) as chat (contact, state, since, message)`,
      [lea.id],
    );
    const listContacts = async (query: string): Promise<unknown[]> =>
      (await walk(api, `/api/conversations?sort=waiting&${query}`, lea.key)).map((row) => row['contact']);
    for (const limit of [1, 2, 3, 50]) {
      const [first, ...others] = (await listContacts(`limit=${limit}`)).map(String);
      // w2 and w3 have the same microsecond and are sorted by id.
      expect([
        first,
        others.slice(0, 2).toSorted((one, other) => one.localeCompare(other)),
        others.slice(2),
      ]).toEqual(['w1', ['w2', 'w3'], ['p1', 'p2', 'a0', 'a1', 'c1', 'a2']]);
    }
    expect(await listContacts('limit=1&state=person,closed')).toEqual(['p1', 'p2', 'c1']);
    expect(await api.json('/api/conversations/counts', lea.key)).toEqual({
      waiting: 3,
      waiting_since: '2026-01-01T10:00:00.000Z',
      person: 2,
      mine: 1,
    });
    expect(await api.json('/api/conversations/counts?business=desk', adminKey)).toMatchObject({
      waiting: 3,
      mine: 0,
    });
    const cursor = (await api.list('/api/conversations?limit=1', adminKey)).next_cursor;
    const answer = await api.get(`/api/conversations?sort=waiting&cursor=${cursor}`);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'BAD_CURSOR' }]);
  });

  test('shows the beginning of the newest message and its author', async () => {
    const { conversationId } = await receive(api.db);
    const lastOf = async (): Promise<unknown> =>
      (await api.json(`/api/conversations/${conversationId}`))['last_message'];
    expect(await lastOf()).toEqual({ author: 'customer', status: 'received', text: 'Hello' });
    await api.db.query(
      `insert into messages (business_id, conversation_id, direction, status, author, text)
       values ('default', $1, 'outbound', 'failed', 'person', repeat('x', 10000))`,
      [conversationId],
    );
    expect(await lastOf()).toEqual({ author: 'person', status: 'failed', text: 'x'.repeat(160) });
    await api.db.query(`update conversations set state = 'waiting' where id = $1`, [conversationId]);
    expect(await lastOf()).toMatchObject({ author: 'customer', text: 'Hello' });
    await api.db.query('delete from messages where conversation_id = $1', [conversationId]);
    expect(await lastOf()).toBeNull();
  });

  test('stays within the business of the key', async () => {
    const { conversationId } = await receive(api.db, { businessId: 'other' });
    expect(await findIds('text=hello')).not.toContain(conversationId);
    expect(await findIds('text=hello', adminKey)).toContain(conversationId);
  });

  test.each([
    'state=sleeping',
    'state=agent,',
    'unread=perhaps',
    'after=yesterday',
    'sort=oldest',
    'text=a',
    'text=%00%00',
    'person=1',
  ])('refuses %s', async (query) => {
    const answer = await api.get(`/api/conversations?${query}`);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'VALIDATION_FAILED' }]);
  });
});
