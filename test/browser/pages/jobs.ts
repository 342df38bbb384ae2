import { poll } from '@prosaas/devstack';
import type { Phone } from '@prosaas/simulators';
import type { Locator, Page } from 'playwright-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import {
  type OpenConsole,
  PATIENCE_MS,
  expectAccessible,
  expectToFit,
  signedIn,
} from '../support/console.ts';
import { browser, desk } from '../support/front-desk.ts';

let phone: Phone;
let conversation: string;

const openJobs = (key = desk.stack.keys.adminKey): Promise<OpenConsole> =>
  signedIn(browser, desk.stack, key, { path: 'jobs' });

async function write(text: string): Promise<void> {
  const { status } = await desk.api('POST', '/api/messages', { conversation_id: conversation, text });
  expect(status).toBe(202);
}

const untilDead = (count: number): Promise<unknown> =>
  poll(
    async () => {
      const { body } = await desk.api('GET', '/api/jobs/dead-letter/reasons');
      return ((body?.['items'] ?? []) as { count: number }[])[0]?.count === count;
    },
    { what: `${count} in the dead letter`, timeoutMs: PATIENCE_MS },
  );

const untilReceived = (text: RegExp): Promise<unknown> =>
  poll(() => phone.received.some((one) => text.test(one.text)), {
    what: `${text} at the phone`,
    timeoutMs: PATIENCE_MS,
  });

const dialog = (page: Page): Locator => page.getByRole('dialog');

export function jobTests(): void {
  beforeAll(async () => {
    phone = desk.whatsapp.addPhone({ pushName: 'Maria' });
    await desk.write(phone, 'I want to talk to a person');
    conversation = await desk.untilState(phone, 'waiting');
    await untilReceived(/^I am passing this on/);
  });
  afterEach(() => {
    desk.whatsapp.refuseMessages(desk.account);
  });

  test('a failed job is found by its reason, shown with its history, replayed, and its message is sent', async () => {
    desk.whatsapp.refuseMessages(desk.account, '400');
    await write('Your table is ready <b>now</b>');
    await untilDead(1);
    desk.whatsapp.refuseMessages(desk.account);

    await using opened = await openJobs();
    const { page, faults } = opened;
    await page.getByRole('link', { name: 'Jobs 1 need attention' }).waitFor();
    await page.getByRole('list', { name: 'Reasons' }).getByText('WhatsApp refused the message').waitFor();
    await expectAccessible(page);
    await page.getByRole('link', { name: 'SEND_REFUSED' }).click();
    await page.getByRole('list', { name: 'Failed jobs' }).getByRole('link').click();
    await page.getByText('Your table is ready <b>now</b>').waitFor();
    await page.getByRole('table', { name: 'Attempts' }).getByText('SEND_REFUSED').waitFor();
    await page
      .getByRole('table', { name: 'Attempts' })
      .getByText(/^worker/)
      .waitFor();
    expect(await page.getByRole('link', { name: 'Open the conversation' }).getAttribute('href')).toBe(
      `#/conversations/${conversation}`,
    );
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Replay…' }).click();
    await dialog(page).getByText('The job is tried again').waitFor();
    await dialog(page).getByRole('button', { name: 'Replay' }).click();
    await page.getByText('1 of 1 job replayed').first().waitFor();
    await page.getByText('Nothing failed').waitFor();
    await untilReceived(/^Your table is ready <b>now<\/b>$/);
    expect(faults).toEqual([]);
  });

  test('a purge shows how many jobs it will delete, deletes only those, and reports how many it deleted', async () => {
    await desk.api('POST', '/api/jobs/dead-letter/purge', {});
    desk.whatsapp.refuseMessages(desk.account, '400');
    for (const text of ['one', 'two', 'three']) await write(text);
    await untilDead(3);

    await using opened = await openJobs();
    const { page } = opened;
    await page.getByRole('button', { name: 'Purge SEND_REFUSED' }).click();
    await dialog(page).getByText('3 jobs that failed with SEND_REFUSED: they are deleted').waitFor();
    await expectAccessible(page);
    // One more job fails while the dialog is open: it must not be deleted.
    await write('four');
    await untilDead(4);
    await dialog(page).getByRole('button', { name: 'Purge' }).click();
    await page.getByText('3 jobs purged').first().waitFor();
    await page.getByText('1 job in the dead letter').waitFor();

    await page.getByLabel('Reason contains').fill('no such reason');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByText('No failed job matches').waitFor();
    expect(page.url()).toContain('contains=no+such+reason');
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('button', { name: 'Replay all of these' }).click();
    await dialog(page).getByText('1 job that failed: each is tried again').waitFor();
    desk.whatsapp.refuseMessages(desk.account);
    await dialog(page).getByRole('button', { name: 'Replay' }).click();
    await page.getByText('1 of 1 job replayed').first().waitFor();
    await page.getByText('Nothing failed').waitFor();
  });

  test('a paused queue and a stuck chat are shown, a job is skipped, and the queue resumes', async () => {
    await using opened = await openJobs();
    const { page } = opened;
    const queue = page.getByRole('row').filter({ hasText: 'outbound-messages' });
    await page.getByRole('button', { name: 'Pause: Messages to send' }).click();
    await dialog(page).getByRole('button', { name: 'Pause' }).click();
    await queue.getByText('paused').waitFor();
    await page.getByRole('switch', { name: 'Only problems' }).click();
    await page.getByRole('row').filter({ hasText: 'inbound-messages' }).waitFor({ state: 'detached' });
    await queue.waitFor();

    await write('waits');
    await write('waits behind it');
    await page.getByLabel('Conversation').fill(`http://localhost/#/conversations/${conversation}`);
    await page.getByRole('button', { name: 'Check' }).click();
    const stuck = page.getByRole('list', { name: 'What the chat waits for' });
    await stuck.getByText('Its queue is paused.').waitFor();
    await stuck.getByText('1 job behind it').waitFor();
    await expectAccessible(page);
    await stuck.getByRole('button', { name: 'Skip' }).click();
    await dialog(page).getByLabel('Reason').fill('she called');
    await dialog(page).getByRole('button', { name: 'Skip' }).click();
    await page.getByText('1 job skipped').first().waitFor();
    await page.getByRole('link', { name: 'SKIPPED' }).waitFor();

    await page.getByRole('button', { name: 'Drain: Messages to send' }).click();
    await dialog(page).getByText('1 job not started, 0 running.').waitFor();
    await dialog(page).getByRole('button', { name: 'Drain' }).click();
    await page.getByText('1 job went to the dead letter').first().waitFor();
    await page.getByRole('link', { name: 'DRAINED' }).waitFor();
    await page.getByRole('button', { name: 'Resume: Messages to send' }).click();
    await dialog(page).getByRole('button', { name: 'Resume' }).click();
    await page.getByText('No queue has a problem').waitFor();
    await write('goes on');
    await untilReceived(/^goes on$/);
  });

  test('each kind of key sees what it may see, also on a phone', async () => {
    await using business = await openJobs(desk.stack.keys.apiKey);
    await business.page.getByRole('heading', { name: 'Running' }).waitFor();
    await business.page.getByRole('link', { name: 'SKIPPED' }).waitFor();
    expect(await business.page.getByRole('button', { name: /Replay|Purge|Pause/ }).count()).toBe(0);
    expect(await business.page.getByRole('heading', { name: 'By kind' }).count()).toBe(0);

    await using metrics = await openJobs(desk.stack.keys.metricsToken);
    await metrics.page.getByRole('row').filter({ hasText: 'outbound-messages' }).waitFor();
    await metrics.page.getByText('in the dead letter').waitFor();
    expect(await metrics.page.getByRole('link', { name: 'SKIPPED' }).count()).toBe(0);

    await using admin = await openJobs();
    await admin.page.setViewportSize({ width: 390, height: 844 });
    await admin.page.getByRole('table', { name: 'Schedules' }).getByText('retention').waitFor();
    await admin.page.getByRole('link', { name: 'SKIPPED' }).waitFor();
    await expectToFit(admin.page);
    await expectAccessible(admin.page);
  });
}
