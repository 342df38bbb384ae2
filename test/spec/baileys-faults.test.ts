import type { Stack } from '@prosaas/devstack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import { isStatus, startQuickStack, until } from './support/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startQuickStack();
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
