import { poll } from '@prosaas/devstack';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { customerWaits, field, messages, openPage, row, rows, untilReceived } from '../support/chats.ts';
import { PATIENCE_MS, expectAccessible, signedIn } from '../support/console.ts';
import { browser, desk, noa } from '../support/front-desk.ts';

const untilFocused = (wanted: Locator): Promise<unknown> =>
  poll(() => wanted.evaluate((element) => element === document.activeElement), {
    what: 'the focus to be there',
    timeoutMs: PATIENCE_MS,
  });

export function chatListTests(): void {
  test('finds chats by name, number in any format, text, state and problem, and keeps the search in the address', async () => {
    const { phone } = await customerWaits('Needle');
    const other = desk.whatsapp.addPhone({ pushName: 'Haystack' });
    await desk.write(other, 'Do you sell umbrellas of silk?');
    await desk.untilState(other, 'agent');
    await using opened = await openPage();
    const { page } = opened;
    const search = page.getByRole('searchbox');
    const only = async (name: string): Promise<void> => {
      await poll(
        async () => {
          const found = await rows(page).allTextContents();
          return found.length === 1 && found[0]!.includes(name);
        },
        { what: `${name} alone`, timeoutMs: PATIENCE_MS },
      );
    };
    await search.fill('needle');
    await only('Needle');
    await search.fill(`+${phone.number.slice(0, 3)} ${phone.number.slice(3, 7)}-${phone.number.slice(7)}`);
    await only('Needle');
    await search.fill('umbrellas of silk');
    await only('Haystack');
    await page.reload();
    await only('Haystack');
    expect(await search.inputValue()).toBe('umbrellas of silk');
    await search.fill('nothing like this');
    await page.getByText('Nothing matches').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await row(page, 'Haystack').waitFor();
    await page.getByRole('switch', { name: 'Only problems' }).check();
    await row(page, 'Haystack').waitFor({ state: 'detached' });
    await row(page, 'Needle').waitFor();
    await page.getByRole('switch', { name: 'Only problems' }).uncheck();
    await page.getByRole('button', { name: 'Filters' }).click();
    await page.getByLabel('State').selectOption('agent');
    await row(page, 'Needle').waitFor({ state: 'detached' });
    await row(page, 'Haystack').waitFor();
    expect(page.url()).toContain('state=agent');
    await expectAccessible(page);
  });

  test('the list is paged, and the loaded pages stay up to date', async () => {
    await desk.db.query(
      `insert into conversations (business_id, channel, session_id, contact, contact_name, last_message_at)
     select 'default', 'whatsapp', 'front-desk', (49151000000 + n) || '@s.whatsapp.net', 'Many ' || n, now() - interval '9 days' - n * interval '1 minute'
     from generate_series(1, 120) n`,
    );
    await using opened = await openPage();
    const { page } = opened;
    await poll(async () => (await rows(page).count()) === 50, { what: 'a page' });
    await page.getByRole('button', { name: 'Show more' }).click();
    await poll(async () => (await rows(page).count()) === 100, { what: 'two pages' });
    await desk.db.query(`update conversations set contact_name = 'Renamed' where contact_name = 'Many 40'`);
    await customerWaits('Another');
    await row(page, 'Another').waitFor();
    await row(page, 'Renamed').waitFor();
  });

  test('on a phone the list and the thread are two views, and everything is reachable', async () => {
    const { phone, id } = await customerWaits('Pocket');
    const device = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
    await using opened = await openPage('conversations', device);
    const { page, faults } = opened;
    await row(page, 'Pocket').waitFor();
    await expectAccessible(page);
    const list = page.locator('.chat-list-rows');
    await list.evaluate((element) => element.scrollTo(0, 40));
    await row(page, 'Pocket').tap();
    await messages(page).getByText('I want to talk to a person').waitFor();
    expect(await rows(page).first().isVisible()).toBe(false);
    await expectAccessible(page);
    // The height of the page while the keyboard is open.
    await page.setViewportSize({ width: 360, height: 340 });
    await field(page).tap();
    await field(page).pressSequentially('From my phone');
    await field(page).press('Enter');
    const send = page.getByRole('button', { name: 'Send' });
    await poll(
      async () => {
        const box = (await send.boundingBox())!;
        return box.y + box.height <= 340;
      },
      { what: 'the button to be above the keyboard' },
    );
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await send.tap();
    // On a phone Enter begins a new line.
    await untilReceived(phone, /^From my phone\s*$/);
    await page.goBack();
    await row(page, 'Pocket').waitFor();
    expect(await list.evaluate(({ scrollTop }) => scrollTop)).toBe(40);
    expect(await messages(page).count()).toBe(0);
    await page.goForward();
    await page.setViewportSize({ width: 320, height: 640 });
    await page.getByRole('link', { name: 'Back to the list' }).tap();
    await row(page, 'Pocket').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    expect(page.url()).not.toContain(id);
    expect(faults).toEqual([]);
  });

  test('everything can be done with the keyboard', async () => {
    const first = await customerWaits('Keys one');
    await customerWaits('Keys two');
    await using opened = await openPage('conversations?text=Keys');
    const { page } = opened;
    await row(page, 'Keys two').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Keys one' }).waitFor();
    expect(page.url()).toContain(first.id);
    await messages(page).getByText('I want to talk to a person').waitFor();
    await page.keyboard.press('r');
    await page.keyboard.type('j?k');
    expect(await field(page).inputValue()).toBe('j?k');
    await page.keyboard.press('Escape');
    const more = page.getByText('More', { exact: true });
    await more.press('Enter');
    await page.getByRole('button', { name: 'Assign …' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Assign …' }).waitFor({ state: 'hidden' });
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await help.waitFor();
    await expectAccessible(page);
    await help.getByRole('switch').uncheck();
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    expect(await help.count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.getByText('No chat is open').waitFor();
    await untilFocused(row(page, 'Keys one'));
    await page.keyboard.press('ArrowDown');
    await untilFocused(row(page, 'Keys two'));
  });

  test('notifies of a chat that begins to wait, if switched on, but not of the open chat', async () => {
    await using opened = await signedIn(browser, desk.stack, noa.key);
    const { page, context } = opened;
    await context.grantPermissions(['notifications'], { origin: desk.stack.url.api });
    await context.addInitScript(() => {
      const notified: string[] = [];
      const Real = Notification;
      Object.assign(globalThis, {
        notified,
        Notification: class extends Real {
          constructor(title: string, options?: NotificationOptions) {
            super(title, options);
            notified.push(title);
          }
        },
      });
    });
    await page.goto(`${desk.stack.url.api}/#/conversations`);
    await page.reload();
    await page.getByRole('button', { name: 'Filters' }).click();
    await page.getByRole('switch', { name: 'Sound and notification' }).check();
    const notifications = (): Promise<string[]> =>
      page.evaluate(() => (globalThis as unknown as { notified: string[] }).notified);
    const { phone } = await customerWaits('Bell');
    await poll(async () => (await notifications()).join() === 'Bell is waiting', {
      what: 'a notification',
      timeoutMs: PATIENCE_MS,
    });
    await row(page, 'Bell').click();
    await page.getByRole('button', { name: 'Give back' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Give back' }).click();
    await desk.untilState(phone, 'agent');
    await desk.write(phone, 'I want to talk to a person');
    await page.getByRole('button', { name: 'Take over' }).and(page.locator('.primary')).waitFor();
    // The switch is saved, and chats that wait already cause no notification.
    await page.reload();
    await row(page, 'Bell').waitFor();
    await customerWaits('Second bell');
    await poll(async () => (await notifications()).includes('Second bell is waiting'), {
      what: 'a notification',
      timeoutMs: PATIENCE_MS,
    });
    expect(await notifications()).toEqual(['Second bell is waiting']);
  });
}
