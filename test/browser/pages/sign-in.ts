import { expect, test } from 'vitest';
import { expectAccessible, openConsole, signedIn } from '../support/console.ts';
import { browser, stack } from '../support/operations.ts';

export function signInTests(): void {
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
}
