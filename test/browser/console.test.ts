import { type Stack } from '@prosaas/devstack';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startQuickStack } from '../spec/support/stack.ts';
import { expectAccessible, openConsole, signedIn, startBrowser } from './support/console.ts';

let stack: Stack;
let browser: Browser;
beforeAll(async () => {
  [stack, browser] = await Promise.all([startQuickStack(), startBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.[Symbol.asyncDispose]();
});

test('a key opens the console, and the page is accessible and without errors', async () => {
  await using opened = await openConsole(browser, stack.url.api);
  const { page, faults, context } = opened;
  await page.getByLabel('Your key').waitFor();
  await expectAccessible(page);
  await page.getByLabel('Your key').fill('no key of this stack');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('This key is not valid').waitFor();
  await page.getByLabel('Your key').fill(stack.keys.adminKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.getByText('live', { exact: false }).first().waitFor();
  const [cookie] = await context.cookies(`${stack.url.api}/api/me`);
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/api' });
  await expectAccessible(page);
  expect(faults).toEqual([]);
});

test('signing out everywhere ends every other sign-in of the same key', async () => {
  await using here = await signedIn(browser, stack, stack.keys.adminKey);
  await using there = await signedIn(browser, stack, stack.keys.adminKey);
  await here.page.getByText('Admin key').click();
  await here.page.getByRole('button', { name: 'Sign out everywhere …' }).click();
  await here.page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
  await here.page.getByLabel('Your key').waitFor();
  await there.page.getByLabel('Your key').waitFor();
});
