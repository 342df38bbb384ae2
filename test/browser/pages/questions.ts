import { poll } from '@prosaas/devstack';
import type { Phone } from '@prosaas/simulators';
import type { Locator, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import {
  type OpenConsole,
  PATIENCE_MS,
  expectAccessible,
  expectToFit,
  signedIn,
} from '../support/console.ts';
import { browser, dana, desk } from '../support/front-desk.ts';

/** A new customer asks. Returns her phone once it has the agent's answer. */
async function askAsNewCustomer(text: string): Promise<Phone> {
  const phone = desk.whatsapp.addPhone({ pushName: 'Maria' });
  await desk.write(phone, text);
  await poll(() => phone.received.length > 0, { what: 'an answer', timeoutMs: PATIENCE_MS });
  return phone;
}

const openQuestions = (options = {}): Promise<OpenConsole> =>
  signedIn(browser, desk.stack, dana.key, { path: 'questions', ...options });

const missed = (page: Page): Locator =>
  page.getByRole('list', { name: 'Questions that were not understood' });
const rowOf = (page: Page, text: string): Locator =>
  missed(page).getByRole('listitem').filter({ hasText: text }).first();

export function questionTests(): void {
  beforeAll(async () => {
    // Customers of other tests asked some, too.
    await desk.db.query('delete from unanswered_questions');
  });

  test('the owner sees unknown questions, the most frequent first, answers one, and removes the answer again', async () => {
    await askAsNewCustomer('Is there a piano in the lobby?');
    for (const text of ['Do you rent helicopters?', 'rent helicopters pls']) await askAsNewCustomer(text);
    await using opened = await openQuestions();
    const { page, faults } = opened;
    await missed(page).getByText('asked 2 times').waitFor();
    expect(await missed(page).getByRole('heading').allTextContents()).toEqual([
      expect.stringContaining('rent helicopters'),
      'Is there a piano in the lobby?',
    ]);
    await expectAccessible(page);
    await rowOf(page, 'asked 2 times')
      .getByRole('button', { name: /^Answer/ })
      .click();
    const form = page.getByRole('form', { name: /^Answer/ });
    await form.getByLabel('Question').fill('Do you rent out helicopters?');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByRole('alert').getByText('Enter a question and an answer.').waitFor();
    await form.getByLabel('Answer', { exact: true }).fill('Only on Sundays.');
    await expectAccessible(page);
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByText('From now on “Do you rent out helicopters?” is answered.').first().waitFor();
    await page.getByText('asked 2 times').waitFor({ state: 'detached' });
    await page.getByRole('list', { name: 'Learned entries' }).getByText('by Dana').waitFor();
    await expect
      .poll(async () => (await askAsNewCustomer('do you rent HELICOPTERS?')).received[0]?.text, {
        timeout: PATIENCE_MS,
      })
      .toBe('Only on Sundays.');

    await page.getByLabel('A customer writes').fill('rent helicopters pls');
    await page.getByRole('button', { name: 'Try', exact: true }).click();
    const result = page.getByRole('status', { name: 'What the agent says' });
    await result.getByText('Only on Sundays.').waitFor();
    await result.getByRole('list', { name: 'Why' }).getByRole('listitem').first().waitFor();
    await expectAccessible(page);

    await page.getByRole('button', { name: 'Change: Do you rent out helicopters?' }).click();
    const change = page.getByRole('dialog');
    await change.getByLabel('Answer', { exact: true }).fill('On Mondays, too.');
    await expectAccessible(page);
    await change.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('list', { name: 'Learned entries' }).getByText('On Mondays, too.').waitFor();

    await page.getByRole('button', { name: 'Remove: Do you rent out helicopters?' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await missed(page).getByText('rent helicopters pls').waitFor();
    await page.getByText('Nothing learned yet').waitFor();
    expect(faults).toEqual([]);
  });

  test('on a phone, a question is linked to an entry, and another one is dismissed and reopened', async () => {
    await askAsNewCustomer('Quadrupeds on leads welcome?');
    await using opened = await openQuestions({ viewport: { width: 390, height: 844 } });
    const { page, faults } = opened;
    const row = rowOf(page, 'Quadrupeds');
    await row.getByRole('button', { name: /^Answer/ }).click();
    await page.getByLabel('the answer of an existing entry').check();
    const select = page.getByLabel('Entry', { exact: true });
    await expect.poll(() => select.locator('option').count()).toBeGreaterThan(3);
    await expectToFit(page);
    await expectAccessible(page);
    await select.selectOption({ index: 1 });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('From now on “Quadrupeds on leads welcome?” is answered.').first().waitFor();
    await page.getByText('means the same as').waitFor();

    await page.getByRole('button', { name: 'Dismiss: Is there a piano in the lobby?' }).click();
    await page
      .getByRole('heading', { name: 'Is there a piano in the lobby?' })
      .waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Show dismissed questions' }).click();
    await page.getByRole('button', { name: 'Reopen: Is there a piano in the lobby?' }).click();
    await page.getByText('Nothing was dismissed').waitFor();
    await page.getByRole('button', { name: 'Show open questions' }).click();
    await page.getByRole('heading', { name: 'Is there a piano in the lobby?' }).waitFor();
    await expectToFit(page);
    await expectAccessible(page);
    expect(faults).toEqual([]);
  });
}
