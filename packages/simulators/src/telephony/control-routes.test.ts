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

async function ask(method: string, path: string, body?: object): Promise<number> {
  const options = body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {};
  return (await fetch(`${control.url}${path}`, { method, ...options })).status;
}

test('a call that nobody knows is not found', async () => {
  expect(await ask('GET', '/calls/CA0')).toBe(404);
  expect(await ask('GET', '/calls/CA0/heard')).toBe(404);
  expect(await ask('POST', '/calls/CA0/hang-up')).toBe(404);
});

test('a message is as long as a whole number says', async () => {
  expect(await ask('POST', '/calls', { messageMs: 'long' })).toBe(400);
  expect(await ask('POST', '/calls', { messageMs: -1 })).toBe(400);
});

test('a service that is not there is told', async () => {
  expect(await ask('POST', '/calls', {})).toBeGreaterThanOrEqual(500);
});
