import { recordInbound, saveRecording } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestApi, adminKey, apiKey, startTestApi, walk } from './support.ts';

interface Person {
  id: string;
  key: string;
}
let api: TestApi;
let owner: Person;
let staff: Person;
let admin: Person;
/** An owner of another business. */
let other: Person;

async function add(body: object, key = adminKey): Promise<Person> {
  const answer = await api.send('POST', '/api/people', { key, body });
  expect(answer.status).toBe(201);
  return answer.body as unknown as Person;
}

const auditOf = async (query: string): Promise<Record<string, unknown>[]> =>
  (await api.list(`/api/audit?limit=200${query}`, adminKey)).items;

beforeAll(async () => {
  api = await startTestApi();
  await api.db.query(`insert into businesses (id, name) values ('other', 'Other')`);
  owner = await add({
    name: ' Dana ',
    role: 'owner',
    phone_number: '+49 170 1234567',
    email: 'dana@example.com',
  });
  staff = await add({ name: 'Noa', role: 'staff' });
  admin = await add({ name: 'Ruth', role: 'admin' });
  other = await add({ name: 'Omer', role: 'owner', business_id: 'other' });
});
afterAll(() => api[Symbol.asyncDispose]());

test('shows a new key once; it works at once and identifies its person', async () => {
  const answer = await api.send('POST', '/api/people', {
    key: adminKey,
    body: { name: ' Lea ', role: 'staff', phone_number: '+49 (0)30 123456', email: 'lea@example.com' },
  });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const { id, key } = answer.body as unknown as Person;
  expect(answer.headers.get('location')).toBe(`/api/people/${id}`);
  expect(answer.body).toEqual({
    id,
    business_id: 'default',
    name: 'Lea',
    role: 'staff',
    phone_number: '4930123456',
    email: 'lea@example.com',
    created_at: expect.any(String),
    revoked_at: null,
    key: expect.stringMatching(/^[\w-]{43}$/),
  });
  expect(await api.json('/api/me', key)).toEqual({
    role: 'staff',
    business_id: 'default',
    person: { id, name: 'Lea', role: 'staff' },
  });
  const { key: _key, ...shown } = answer.body;
  expect(await api.json(`/api/people/${id}`, adminKey)).toEqual(shown);
  expect(JSON.stringify(await walk(api, '/api/people', adminKey))).not.toContain(key);
});

test('identifies the keys of the stack', async () => {
  expect(await api.json('/api/me', apiKey)).toEqual({
    role: 'business',
    business_id: 'default',
    person: null,
  });
  expect(await api.json('/api/me', adminKey)).toEqual({ role: 'admin', business_id: null, person: null });
  expect(await api.json('/api/me', admin.key)).toMatchObject({ role: 'admin', person: { name: 'Ruth' } });
});

test('lists people in pages, latest first, and revoked ones only on request', async () => {
  const gone = await add({ name: 'Gone', role: 'staff' });
  expect((await api.send('DELETE', `/api/people/${gone.id}`, { key: adminKey })).status).toBe(204);
  const ids = async (query: string, key: string): Promise<unknown[]> =>
    (await walk(api, `/api/people?limit=2${query}`, key)).map(({ id }) => id);
  const all = await ids('', adminKey);
  expect(new Set(all).size).toBe(all.length);
  expect(all).toEqual(expect.arrayContaining([owner.id, staff.id, admin.id, other.id]));
  expect(all.indexOf(other.id)).toBeLessThan(all.indexOf(owner.id));
  expect(all).not.toContain(gone.id);
  expect(await ids('&revoked=true', adminKey)).toContain(gone.id);
  expect(await ids('&business=other', adminKey)).toEqual([other.id]);
  expect(await ids('', other.key)).toEqual([other.id]);
});

test('shows everyone in a business the names of its people, and nothing else', async () => {
  const gone = await add({ name: 'Gone', role: 'staff' });
  await api.send('DELETE', `/api/people/${gone.id}`, { key: adminKey });
  for (const key of [apiKey, staff.key, owner.key]) {
    const named = await walk(api, '/api/people/names?limit=1', key);
    expect(named).toEqual(
      expect.arrayContaining([
        { id: owner.id, name: 'Dana', role: 'owner' },
        { id: staff.id, name: 'Noa', role: 'staff' },
      ]),
    );
    for (const { id } of [admin, other, gone]) expect(named.map((one) => one['id'])).not.toContain(id);
  }
  const all = (await walk(api, '/api/people/names', adminKey)).map(({ id }) => id);
  expect(all).toEqual(expect.arrayContaining([admin.id, other.id]));
  const refused = await api.send('GET', '/api/people/names?business=other', { key: staff.key });
  expect([refused.status, refused.body['code']]).toEqual([403, 'BUSINESS_NOT_ALLOWED']);
});

describe('an owner', () => {
  test('manages staff and owners of the own business only', async () => {
    const listed = (await walk(api, '/api/people', owner.key)).map(({ id }) => id);
    expect(listed).toEqual(expect.arrayContaining([owner.id, staff.id]));
    expect(listed).not.toContain(admin.id);
    expect(listed).not.toContain(other.id);
    for (const { id } of [admin, other]) {
      for (const [method, path, body] of [
        ['GET', `/api/people/${id}`],
        ['PATCH', `/api/people/${id}`, { name: 'X' }],
        ['POST', `/api/people/${id}/key`],
        ['DELETE', `/api/people/${id}`],
      ] as const) {
        const answer = await api.send(method, path, { key: owner.key, body });
        expect([method, path, answer.status, answer.body['code']]).toEqual([
          method,
          path,
          404,
          'PERSON_NOT_FOUND',
        ]);
      }
    }
    expect((await api.send('GET', '/api/me', { key: admin.key })).status).toBe(200);
  });

  test('cannot add admins or people of another business', async () => {
    const made = await api.send('POST', '/api/people', {
      key: owner.key,
      body: { name: 'A', role: 'admin' },
    });
    expect([made.status, made.body['code']]).toEqual([403, 'ROLE_NOT_ALLOWED']);
    const raised = await api.send('PATCH', `/api/people/${staff.id}`, {
      key: owner.key,
      body: { role: 'admin' },
    });
    expect([raised.status, raised.body['code']]).toEqual([403, 'ROLE_NOT_ALLOWED']);
    const away = { name: 'A', role: 'staff', business_id: 'other' };
    const abroad = await api.send('POST', '/api/people', { key: owner.key, body: away });
    expect([abroad.status, abroad.body['code']]).toEqual([403, 'BUSINESS_NOT_ALLOWED']);
  });

  test('cannot revoke herself or change her own role, but can change her name', async () => {
    for (const [method, body] of [
      ['DELETE', undefined],
      ['PATCH', { role: 'staff' }],
    ] as const) {
      for (const id of [owner.id, owner.id.toUpperCase()]) {
        const answer = await api.send(method, `/api/people/${id}`, { key: owner.key, body });
        expect([method, answer.status, answer.body['code']]).toEqual([method, 409, 'OWN_ACCESS']);
      }
    }
    const renamed = await api.send('PATCH', `/api/people/${owner.id}`, {
      key: owner.key,
      body: { name: 'Dana B', role: 'owner', email: null },
    });
    expect(renamed.body).toMatchObject({ name: 'Dana B', email: null, phone_number: '491701234567' });
    expect(await api.json('/api/me', owner.key)).toMatchObject({ person: { name: 'Dana B' } });
  });
});

test('a change of role takes effect at once', async () => {
  const person = await add({ name: 'Tal', role: 'staff' }, owner.key);
  expect((await api.get('/api/people', person.key)).status).toBe(403);
  await api.send('PATCH', `/api/people/${person.id}`, { key: owner.key, body: { role: 'owner' } });
  expect((await api.get('/api/people', person.key)).status).toBe(200);
  await api.send('PATCH', `/api/people/${person.id}`, { key: adminKey, body: { role: 'admin' } });
  expect((await api.get('/api/audit', person.key)).status).toBe(200);
});

test('refuses replaced and revoked keys; a revoked person stays revoked', async () => {
  const person = await add({ name: 'Adi', role: 'staff', phone_number: '972501112222' });
  const replaced = await api.send('POST', `/api/people/${person.id}/key`, { key: owner.key });
  expect([replaced.status, replaced.headers.get('cache-control')]).toEqual([200, 'no-store']);
  const next = String(replaced.body['key']);
  expect((await api.get('/api/me', person.key)).status).toBe(401);
  expect((await api.get('/api/me', next)).status).toBe(200);
  for (let times = 0; times < 2; times += 1) {
    expect((await api.send('DELETE', `/api/people/${person.id}`, { key: owner.key })).status).toBe(204);
  }
  expect((await api.get('/api/me', next)).status).toBe(401);
  for (const [method, path, body] of [
    ['PATCH', `/api/people/${person.id}`, { name: 'X' }],
    ['POST', `/api/people/${person.id}/key`],
  ] as const) {
    const answer = await api.send(method, path, { key: owner.key, body });
    expect([answer.status, answer.body['code']]).toEqual([409, 'PERSON_REVOKED']);
  }
  // The phone number is free again.
  await add({ name: 'Adi again', role: 'staff', phone_number: '+972 50-111-2222' });
});

test('refuses a phone number that another person has, in new and changed people', async () => {
  const taken = { phone_number: '+49-170-1234567' };
  const made = await api.send('POST', '/api/people', {
    key: owner.key,
    body: { name: 'X', role: 'staff', ...taken },
  });
  expect([made.status, made.body['code']]).toEqual([409, 'PHONE_NUMBER_TAKEN']);
  const changed = await api.send('PATCH', `/api/people/${staff.id}`, { key: owner.key, body: taken });
  expect([changed.status, changed.body['code']]).toEqual([409, 'PHONE_NUMBER_TAKEN']);
});

test.each<[object, number, string]>([
  [{}, 400, 'VALIDATION_FAILED'],
  [{ name: '  ', role: 'staff' }, 400, 'VALIDATION_FAILED'],
  [{ name: 'a\nb', role: 'staff' }, 400, 'VALIDATION_FAILED'],
  [{ name: 'a'.repeat(201), role: 'staff' }, 400, 'VALIDATION_FAILED'],
  [{ name: 'X', role: 'king' }, 400, 'VALIDATION_FAILED'],
  [{ name: 'X', role: 'staff', colour: 'red' }, 400, 'VALIDATION_FAILED'],
  [{ name: 'X', role: 'staff', email: 'x' }, 400, 'VALIDATION_FAILED'],
  [{ name: 'X', role: 'staff', email: 'x@example.com\r\nBcc: y@example.com' }, 400, 'VALIDATION_FAILED'],
  [{ name: 'X', role: 'staff', email: `${'x'.repeat(250)}@e.de` }, 400, 'VALIDATION_FAILED'],
  [{ name: 'X', role: 'staff', phone_number: '0170 1234567' }, 400, 'VALIDATION_FAILED'],
  [{ name: 'X', role: 'staff', phone_number: 'call me' }, 400, 'VALIDATION_FAILED'],
  [{ name: 'X', role: 'staff', business_id: 'nobody' }, 404, 'BUSINESS_NOT_FOUND'],
])('responds to a new person %j with %i %s', async (body, status, code) => {
  const answer = await api.send('POST', '/api/people', { key: adminKey, body });
  expect([answer.status, answer.body['code']]).toEqual([status, code]);
});

test.each(['nonsense', '00000000-0000-4000-8000-000000000000'])(
  'responds with 404 for the person %s',
  async (id) => {
    expect((await api.send('GET', `/api/people/${id}`, { key: adminKey })).status).toBe(404);
    expect((await api.send('DELETE', `/api/people/${id}`, { key: adminKey })).status).toBe(404);
    const changed = await api.send('PATCH', `/api/people/${id}`, { key: adminKey, body: { name: 'X' } });
    expect([changed.status, changed.body['code']]).toEqual([404, 'PERSON_NOT_FOUND']);
  },
);

describe('the audit log', () => {
  let conversation: string;
  const recording = '00000000-0000-4000-8000-000000000009';

  beforeAll(async () => {
    await api.db.query(`insert into whatsapp_sessions (id, business_id) values ('main', 'default')`);
    const { conversationId } = await api.db.transaction((tx) =>
      recordInbound(tx, {
        sessionId: 'main',
        businessId: 'default',
        contact: '491520000001@s.whatsapp.net',
        externalId: 'M1',
        text: 'Hello',
        sentAt: new Date(),
      }),
    );
    conversation = conversationId;
    await api.db.query(
      `insert into calls (id, business_id, from_number, status, outcome) values ('CA1', 'default', '+49301234567', 'completed', 'completed')`,
    );
    await saveRecording(api.db, {
      id: recording,
      callId: 'CA1',
      mediaType: 'audio/wav',
      durationMs: 1,
      audio: new Uint8Array([1]),
    });
  });

  test.each([
    ['staff', () => staff.key, () => ({ role: 'staff', person_id: staff.id, person_name: 'Noa' })],
    ['the API key', () => apiKey, () => ({ role: 'business', person_id: null, person_name: null })],
  ])('has what %s exports, erases, plays and writes, with the IP address', async (_name, keyOf, who) => {
    const key = keyOf();
    const nobody = { contact: '+49 30 999999' };
    const text = { conversation_id: conversation, text: 'Hi' };
    const [exported, erased, played, written, read] = [
      await api.send('POST', '/api/contacts/export', { key, body: nobody }),
      await api.send('POST', '/api/contacts/erase', { key, body: nobody }),
      await api.send('GET', `/api/calls/CA1/recordings/${recording}`, { key }),
      await api.send('POST', '/api/messages', { key, body: text }),
      await api.send('GET', `/api/conversations/${conversation}`, { key }),
    ] as const;
    expect([exported, erased, played, written, read].map(({ status }) => status)).toEqual([
      200, 200, 200, 202, 200,
    ]);
    const ids = [exported, erased, played, written, read].map(({ headers }) => headers.get('x-request-id'));
    const lines = async (): Promise<Record<string, unknown>[]> =>
      (await auditOf('')).filter(({ request_id: id }) => ids.includes(String(id))).toReversed();
    await poll(async () => (await lines()).length >= 4, { what: 'the lines' });
    const line = (action: string, target: unknown, at: number): object => ({
      id: expect.any(String),
      at: expect.any(String),
      action,
      target,
      request_id: ids[at],
      address: '127.0.0.1',
      ...who(),
    });
    const found = await lines();
    expect(found).toHaveLength(4);
    expect(found).toEqual(
      expect.arrayContaining([
        line('POST /api/contacts/export', null, 0),
        line('POST /api/contacts/erase', null, 1),
        line('GET /api/calls/:id/recordings/:recording', `CA1/${recording}`, 2),
        line('POST /api/messages', written.body['id'], 3),
      ]),
    );
    // The contact is in the body, which is not audited.
    expect(JSON.stringify(found)).not.toContain('999999');
  });

  test("has each request with an admin's key under the admin's name, and each change of people by owners", async () => {
    await api.get('/api/businesses', admin.key);
    const made = await add({ name: 'New', role: 'staff' }, owner.key);
    await api.get('/api/people', owner.key);
    await poll(
      async () =>
        (await auditOf(`&person=${admin.id}`)).some(({ action }) => action === 'GET /api/businesses') &&
        (await auditOf(`&person=${owner.id}`)).some(({ target }) => target === made.id),
      { what: 'the lines' },
    );
    const ofOwner = await auditOf(`&person=${owner.id}`);
    expect(new Set(ofOwner.map(({ person_id: id }) => id))).toEqual(new Set([owner.id]));
    expect(ofOwner.map(({ action }) => action)).not.toContain('GET /api/people');
    expect(JSON.stringify(await auditOf(''))).not.toContain(made.key);
  });

  test('ignores an address in X-Forwarded-For', async () => {
    const headers = {
      'x-api-key': adminKey,
      'x-forwarded-for': '203.0.113.9',
      'x-request-id': 'forged-address',
    };
    await fetch(`${api.url}/api/businesses`, { headers });
    const line = async (): Promise<Record<string, unknown> | undefined> =>
      (await auditOf('')).find(({ request_id: id }) => id === 'forged-address');
    expect(await poll(line, { what: 'the line' })).toMatchObject({ address: '127.0.0.1' });
  });

  test('refuses a person filter that is not an id', async () => {
    expect((await api.get('/api/audit?person=Dana', adminKey)).status).toBe(400);
  });
});
