import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RestApi, startRestApi } from './rest-api.ts';

let api: RestApi;

beforeAll(async () => {
  api = await startRestApi({ authToken: 's3' });
});
afterAll(() => api[Symbol.asyncDispose]());

async function ask(path: string, status: string, password = 's3'): Promise<number> {
  const response = await fetch(`${api.url}/2010-04-01/Accounts/${path}`, {
    method: 'POST',
    body: new URLSearchParams({ Status: status }),
    headers: { authorization: `Basic ${btoa(`${api.accountSid}:${password}`)}` },
  });
  return response.status;
}

test('only the account itself ends its calls, and only those that are going on', async () => {
  expect(await ask(`${api.accountSid}/Calls/CA1.json`, 'completed', 'wrong')).toBe(401);
  expect(await ask('ACother/Calls/CA1.json', 'completed')).toBe(404);
  expect(await ask(`${api.accountSid}/Calls/CA1.json`, 'completed')).toBe(404);
  expect(await ask(`${api.accountSid}/Calls/CA1.json`, 'louder')).toBe(400);
});
