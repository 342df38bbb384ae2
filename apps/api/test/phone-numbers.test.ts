import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApi, adminKey, apiKey, startTestApi, walk } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await api.db.query(`insert into businesses (id, name) values ('bakery', 'Bakery')`);
});
afterAll(() => api[Symbol.asyncDispose]());

async function send(
  method: 'PUT' | 'DELETE',
  number: string,
  body?: unknown,
  key: string = adminKey,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${api.url}/api/phone-numbers/${number}`, {
    method,
    headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

test('assigns a number to a business, lists it to that business only, and removes it', async () => {
  for (const number of ['+15550199001', '+15550199002', '+15550199003']) {
    const assigned = await send('PUT', number, { business_id: number.endsWith('2') ? 'bakery' : 'default' });
    expect(assigned).toMatchObject({ status: 200, body: { number } });
  }
  expect((await walk(api, '/api/phone-numbers?limit=1', adminKey)).map(({ number }) => number)).toEqual([
    '+15550199001',
    '+15550199002',
    '+15550199003',
  ]);
  expect(await walk(api, '/api/phone-numbers?business=bakery', adminKey)).toEqual([
    { number: '+15550199002', business_id: 'bakery' },
  ]);
  expect(await walk(api, '/api/phone-numbers')).toHaveLength(2);
  expect((await send('PUT', '+15550199002', { business_id: 'default' })).status).toBe(200);
  expect(await walk(api, '/api/phone-numbers')).toHaveLength(3);
  expect((await send('DELETE', '+15550199002')).status).toBe(204);
  expect(await send('DELETE', '+15550199002')).toMatchObject({
    status: 404,
    body: { code: 'PHONE_NUMBER_NOT_FOUND' },
  });
});

test.each([
  ['+15550199001', { business_id: 'nobody' }, 404, 'BUSINESS_NOT_FOUND'],
  ['+15550199001', {}, 400, 'VALIDATION_FAILED'],
  ['+15550199001', { business_id: 'default', more: 1 }, 400, 'VALIDATION_FAILED'],
  ['15550199001', { business_id: 'default' }, 400, 'VALIDATION_FAILED'],
  ['+1-555-0199001', { business_id: 'default' }, 400, 'VALIDATION_FAILED'],
])('refuses %s with %j: %i %s', async (number, body, status, code) => {
  expect(await send('PUT', number, body)).toMatchObject({ status, body: { code } });
});

test('only admins assign and remove numbers', async () => {
  expect((await send('PUT', '+15550199009', { business_id: 'default' }, apiKey)).status).toBe(403);
  expect((await send('DELETE', '+15550199001', undefined, apiKey)).status).toBe(403);
});
