import { type Database, createDatabase } from '@prosaas/database';
import type { Stack } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import {
  type TelephonyProvider,
  type WhatsAppServer,
  startTelephonyProvider,
  startWhatsAppServer,
  whatsappTrustPreload,
} from '@prosaas/simulators';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { outputOf, startQuickStack } from '../../spec/support/stack.ts';
import { startBrowser } from './console.ts';

const publicUrl = 'http://localhost:5050';
const authToken = 'simulated';

// Set before the first test.
export let stack: Stack;
export let browser: Browser;
export let db: Database;
export let whatsapp: WhatsAppServer;
export let provider: TelephonyProvider;

/** Starts all services, WhatsApp without an account, a telephony provider and a browser, for all tests of a file. */
export function useOperations(): void {
  const open = new AsyncDisposableStack();
  beforeAll(async () => {
    whatsapp = open.use(await startWhatsAppServer());
    const env = {
      NODE_OPTIONS: `--import ${whatsappTrustPreload.href}`,
      WHATSAPP_WS_URL: whatsapp.url,
      TWILIO_AUTH_TOKEN: authToken,
      PUBLIC_URL: publicUrl,
    };
    stack = open.use(await startQuickStack({ env }));
    browser = await startBrowser();
    open.defer(() => browser.close());
    const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
    db = open.use(createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'test', log }));
    provider = open.use(startTelephonyProvider({ authToken, webhookUrl: stack.url.calls, publicUrl }));
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.log(outputOf(stack).slice(-4000));
  });
  afterAll(() => open.disposeAsync());
}
