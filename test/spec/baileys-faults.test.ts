import type { Stack } from '@prosaas/devstack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, partOf } from './support/ask.ts';
import { isStatus, startQuickStack, until } from './support/stack.ts';

let stack: Stack;

beforeAll(async () => {
  // No server answers as WhatsApp.
  stack = await startQuickStack({ env: { WHATSAPP_WS_URL: 'ws://127.0.0.1:9' } });
});
afterAll(() => stack[Symbol.asyncDispose]());

const api = (path: string): string => `${stack.url.api}${path}`;

describe('the baileys service', () => {
  test.each([
    [
      'stopped',
      'refused',
      async () => void (await stack.services.baileys.stop()),
      () => stack.services.baileys.start(),
    ],
    [
      'hung',
      'timeout',
      async () => stack.services.baileys.kill('SIGSTOP'),
      async () => stack.services.baileys.kill('SIGCONT'),
    ],
  ])(
    '%s: readiness and WhatsApp say %s, nothing else is concerned, and all comes back',
    async (_how, reason, fail, mend) => {
      await fail();
      const ready = await until(api('/readyz'), isStatus(503));
      expect(ready.body).toMatchObject({
        ready: false,
        checks: { database: { status: 'pass' }, baileys: { status: 'fail', reason } },
      });
      expect((await ask(api('/readyz?verbose'))).text).toContain(`[-]baileys failed: ${reason}`);
      const whatsapp = await until(api('/health/whatsapp'), isStatus(503));
      expect(whatsapp.body).toMatchObject({
        status: 'unhealthy',
        baileys: { status: 'fail', reason },
        agentkit: { status: 'pass' },
      });
      for (const url of [
        api('/api/health'),
        api('/livez'),
        api('/health/agentkit'),
        `${stack.url.calls}/health`,
      ]) {
        expect([url, (await ask(url)).status]).toEqual([url, 200]);
      }
      await mend();
      await until(api('/readyz'), isStatus(200));
      await until(api('/health/whatsapp'), isStatus(200));
    },
  );
});

test('no session is healthy; a wanted one that does not work fails WhatsApp health with its reason, but not readiness', async () => {
  const headers = { 'x-admin-key': stack.keys.adminKey, 'content-type': 'application/json' };
  const made = await ask(`${stack.url.baileys}/api/sessions`, {
    method: 'POST',
    headers,
    body: '{"id":"front"}',
  });
  expect(made.status).toBe(201);
  const failed = await until(api('/health/whatsapp'), isStatus(503));
  expect(failed.body).toMatchObject({
    status: 'unhealthy',
    baileys: {
      status: 'pass',
      sessions: { status: 'fail', reason: 'not_ready', total: 1, wanted: 1, working: 0 },
    },
  });
  expect(Object.values(partOf(failed, 'baileys', 'sessions', 'reasons') as object)).toEqual([1]);
  expect((await ask(api('/readyz'))).status).toBe(200);

  await ask(`${stack.url.baileys}/api/sessions/front/stop`, { method: 'POST', headers, body: '{}' });
  await until(api('/health/whatsapp'), isStatus(200));
});
