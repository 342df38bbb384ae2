import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RestApi, startRestApi } from './rest-api.ts';

let api: RestApi;

beforeAll(async () => {
  api = await startRestApi({ authToken: 's3' });
});
afterAll(() => api[Symbol.asyncDispose]());

async function request(path: string, status: string, password = 's3'): Promise<number> {
  const response = await fetch(`${api.url}/2010-04-01/Accounts/${path}`, {
    method: 'POST',
    body: new URLSearchParams({ Status: status }),
    headers: { authorization: `Basic ${btoa(`${api.accountSid}:${password}`)}` },
  });
  return response.status;
}

test('ends only calls in progress, and only for their own account', async () => {
  expect(await request(`${api.accountSid}/Calls/CA1.json`, 'completed', 'wrong')).toBe(401);
  expect(await request('ACother/Calls/CA1.json', 'completed')).toBe(404);
  expect(await request(`${api.accountSid}/Calls/CA1.json`, 'completed')).toBe(404);
  expect(await request(`${api.accountSid}/Calls/CA1.json`, 'louder')).toBe(400);
});
