import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlServer, startControlServer } from '../control/server.ts';
import { telephonyRoutes } from './control-routes.ts';
import { startTelephonyProvider } from './provider.ts';

let control: ControlServer;

beforeAll(async () => {
  const provider = startTelephonyProvider({ authToken: 's3', webhookUrl: 'http://127.0.0.1:1' });
  control = await startControlServer({ port: 0, routes: telephonyRoutes(provider) });
});
afterAll(() => control[Symbol.asyncDispose]());

async function request(method: string, path: string, body?: object): Promise<number> {
  const options = body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {};
  return (await fetch(`${control.url}${path}`, { method, ...options })).status;
}

test('an unknown call is 404', async () => {
  expect(await request('GET', '/calls/CA0')).toBe(404);
  expect(await request('GET', '/calls/CA0/heard')).toBe(404);
  expect(await request('POST', '/calls/CA0/hang-up')).toBe(404);
});

test('messageMs must be a whole number, not negative', async () => {
  expect(await request('POST', '/calls', { messageMs: 'long' })).toBe(400);
  expect(await request('POST', '/calls', { messageMs: -1 })).toBe(400);
});

test('a call to an unreachable service fails with a 5xx status', async () => {
  expect(await request('POST', '/calls', {})).toBeGreaterThanOrEqual(500);
});
