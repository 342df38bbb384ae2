import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import {
  type OpenConsole,
  addressIn,
  expectAccessible,
  expectToFit,
  signedIn,
  statusIn,
} from '../support/console.ts';
import { browser, stack } from '../support/operations.ts';

const open = (path: string, key = stack.keys.adminKey): Promise<OpenConsole> =>
  signedIn(browser, stack, key, { path });
const go = (page: Page, path: string): Promise<unknown> => page.goto(addressIn(stack, path));
const check = (page: Page, name: string): Locator => page.locator(`#check-${name}`);

/** A sign precedes the word. */
const status = (place: Locator, word: string): Locator =>
  place.locator('.status', { hasText: new RegExp(`${word}$`) }).first();

/** A replica counts as lost after some seconds, and checks need several results to change. */
const AWAY = { timeout: 60_000 };

export function servicesAndHealthTests(): void {
  test('shows every replica with its version and state, on a desktop and on a phone', async () => {
    await using opened = await open('services');
    const { page, faults } = opened;
    for (const service of ['api', 'baileys', 'calls', 'worker']) {
      const table = page.getByRole('table', { name: `Replicas of ${service}` });
      await status(table, 'live').waitFor();
      await table.getByText('in step').waitFor();
    }
    await page.getByText('working, takes jobs from 3 queues').waitFor();
    await expectAccessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectToFit(page);
    await expectAccessible(page);
    expect(faults).toEqual([]);
  });

  test('changes the log level of all replicas of a service for a while, and resets it', async () => {
    await using opened = await open('services');
    const { page } = opened;
    await page.getByRole('button', { name: 'Change the log level of worker' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('full phone numbers of customers').waitFor();
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Change' }).click();
    const worker = page.getByRole('region', { name: 'worker' });
    await worker.getByText(/Log level DEBUG until/).waitFor();
    await worker.getByText('not yet applied by').waitFor({ state: 'detached' });
    await worker.getByRole('button', { name: 'Reset the log level of worker' }).click();
    await worker.getByText(/Log level INFO$/).waitFor();

    await using metrics = await open('services', stack.keys.metricsToken);
    await metrics.page.getByText('Log level INFO').first().waitFor();
    expect(await metrics.page.getByRole('button', { name: /log level/ }).count()).toBe(0);
  });

  test('the overview, services and health show a killed worker until it is back', async () => {
    await using opened = await open('');
    const { page } = opened;
    await statusIn(page).waitFor();
    stack.services.worker.kill('SIGKILL');
    await stack.services.worker.exited();
    await page.getByRole('main').getByText('No worker is working: customers get no answers').waitFor(AWAY);
    await page.getByRole('link', { name: 'See the services' }).click();
    const workers = page.getByRole('table', { name: 'Replicas of worker' });
    await status(workers, 'lost').waitFor(AWAY);
    // The link shows only failing checks.
    expect(await page.getByRole('table').count()).toBe(1);
    await go(page, 'health?check=workers');
    const silent = page.getByRole('main').getByText('No worker is working: customers get no answers');
    await silent.waitFor();
    await check(page, 'workers').getByRole('heading', { name: 'Facts' }).waitFor();
    await expectAccessible(page);

    await stack.services.worker.start();
    await stack.services.worker.ready();
    await silent.waitFor({ state: 'detached', ...AWAY });
    await go(page, 'services');
    await status(workers, 'live').waitFor(AWAY);
    await go(page, '');
    await page.getByRole('main').getByText('No worker is working').waitFor({ state: 'detached' });
  }, 120_000);

  test('the overview and health show that Redis is away, and recover by themselves', async () => {
    await using opened = await open('health', stack.keys.apiKey);
    const { page, faults } = opened;
    await check(page, 'redis').waitFor();
    await using overview = await open('');
    await using services = await open('services');
    await services.page.getByRole('table').first().waitFor();
    await stack.redis?.stop();
    await status(check(page, 'redis'), 'fails').waitFor(AWAY);
    // The entry is open, because it is the first failing one.
    await check(page, 'redis').getByText('refused', { exact: false }).first().waitFor();
    await page
      .getByRole('status')
      .getByText(/redis fails/)
      .waitFor();
    await overview.page
      .getByText('Redis cannot be reached: no jobs run until it is back')
      .first()
      .waitFor(AWAY);
    await services.page.getByText('This cannot be loaded now: Redis cannot be reached').waitFor(AWAY);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectToFit(page);
    await expectAccessible(page);
    await stack.redis?.start();
    await status(check(page, 'redis'), 'fails').waitFor({ state: 'detached', ...AWAY });
    await services.page.getByText('This cannot be loaded now').waitFor({ state: 'detached', ...AWAY });
    await overview.page
      .getByText('Redis cannot be reached')
      .first()
      .waitFor({ state: 'detached', ...AWAY });
    expect(faults).toEqual([]);
  }, 120_000);
}
