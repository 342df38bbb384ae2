import { poll } from '@prosaas/devstack';
import type { Phone } from '@prosaas/simulators';
import type { Locator, Page } from 'playwright-core';
import { type ConsoleOptions, type OpenConsole, PATIENCE_MS, signedIn } from './console.ts';
import { browser, desk, noa } from './front-desk.ts';

/** Opens a page as a receptionist. */
export const openPage = (path = 'conversations', options: ConsoleOptions = {}): Promise<OpenConsole> =>
  signedIn(browser, desk.stack, noa.key, { path, ...options });
export const rows = (page: Page): Locator =>
  page.getByRole('list', { name: 'Conversations' }).getByRole('link');
export const row = (page: Page, name: string): Locator => rows(page).filter({ hasText: name });
export const messages = (page: Page): Locator => page.getByRole('region', { name: 'Messages' });
export const field = (page: Page): Locator => page.getByRole('textbox', { name: 'Message' });

export const untilReceived = (phone: Phone, text: string | RegExp): Promise<unknown> =>
  poll(
    () => phone.received.some((one) => (typeof text === 'string' ? one.text === text : text.test(one.text))),
    {
      what: `${text} at ${phone.pushName}'s phone`,
      timeoutMs: PATIENCE_MS,
    },
  );

/** A customer asks for a person and waits. */
export async function customerWaits(who: string | Phone): Promise<{ phone: Phone; id: string }> {
  const phone = typeof who === 'string' ? desk.whatsapp.addPhone({ pushName: who }) : who;
  await desk.write(phone, 'I want to talk to a person');
  return { phone, id: await desk.untilState(phone, 'waiting') };
}
