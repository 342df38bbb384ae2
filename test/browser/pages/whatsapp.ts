import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { type Answer, ask } from '../../spec/support/ask.ts';
import { PATIENCE_MS, addressIn, expectAccessible, signedIn, statusIn } from '../support/console.ts';
import { browser, db, stack, whatsapp } from '../support/operations.ts';

function api(method: string, path: string, body?: unknown): Promise<Answer> {
  return ask(stack.url.api + path, {
    method,
    headers: {
      'x-api-key': stack.keys.adminKey,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

const at = (path: string): string => addressIn(stack, path);

async function statusOf(id: string): Promise<unknown> {
  return (await api('GET', `/api/sessions/${id}`)).body?.['status'];
}

export function whatsappTests(): void {
  test('a session is created, paired by its QR code, logged out from the phone and paired again', async () => {
    await using opened = await signedIn(browser, stack, stack.keys.adminKey, { path: 'whatsapp' });
    const { page, faults } = opened;
    await page.getByText('No WhatsApp session yet').waitFor();
    await expectAccessible(page);
    await page.getByRole('button', { name: 'New session' }).click();
    await page.getByLabel('Name').fill('<b>front</b>');
    await page.getByRole('button', { name: 'Create and pair' }).click();
    await page.getByRole('alert').getByText('A name has only letters from A to Z').waitFor();
    await expectAccessible(page);
    await page.getByLabel('Name').fill('front-desk');
    await page.getByLabel('Name').press('Enter');

    const code = page.getByRole('img', { name: 'QR code that pairs front-desk' });
    await code.waitFor();
    expect(page.url()).toBe(at('whatsapp/front-desk'));
    const shown = await code.evaluate(async (image: HTMLImageElement) => {
      await image.decode();
      const { width } = image.getBoundingClientRect();
      return { width, natural: image.naturalWidth };
    });
    expect(shown.width).toBeGreaterThan(250);
    expect(shown.natural).toBeGreaterThan(250);
    await page.getByText('Link a device', { exact: true }).waitFor();
    await expectAccessible(page);
    // The next code appears without a reload.
    const first = await code.getAttribute('src');
    expect((await api('POST', '/api/sessions/front-desk/restart')).status).toBe(200);
    await poll(async () => (await code.count()) === 1 && (await code.getAttribute('src')) !== first, {
      what: 'another code',
      timeoutMs: PATIENCE_MS,
    });
    // The picture and the api have the same code, by its id.
    const source = await code.getAttribute('src');
    const response = await fetch(`${stack.url.api}/api/front-desk/auth/qr`, {
      headers: { 'x-api-key': stack.keys.adminKey, accept: 'application/json' },
    });
    const { data, value } = (await response.json()) as { data: string; value: string };
    await poll(async () => (await code.getAttribute('src')) === `data:image/png;base64,${data}`, {
      what: `the picture of the code that the api tells, not ${source}`,
    });
    const account = await whatsapp.scanQr(value, { number: '4915100000001' });
    await statusIn(page).getByText('working').waitFor();
    await code.waitFor({ state: 'detached' });
    await page.getByText('+4915100000001').waitFor();
    await expectAccessible(page);

    // Both the page and the overview show the log-out from the phone.
    await using overview = await signedIn(browser, stack, stack.keys.adminKey);
    whatsapp.closeWith(account, 401);
    await statusIn(page).getByText('logged out').first().waitFor();
    await page.getByText('start it and scan the QR code again').waitFor();
    const { page: other } = overview;
    await statusIn(other).getByText('WhatsApp session front-desk is logged out').waitFor();
    await other.getByRole('link', { name: 'Pair it again' }).click();
    await other.getByRole('button', { name: 'Start and pair' }).waitFor();
    await expectAccessible(other);

    await page.getByRole('button', { name: 'Start and pair' }).click();
    await code.waitFor();
    const again = await ask(`${stack.url.api}/api/front-desk/auth/qr?format=raw`, {
      headers: { 'x-api-key': stack.keys.adminKey },
    });
    await whatsapp.scanQr(again.text, { number: '4915100000001' });
    await statusIn(page).getByText('working').waitFor();
    await statusIn(other).getByText('working').waitFor();
    expect([faults, overview.faults]).toEqual([[], []]);
  });

  test('a session is restarted, stopped, started, logged out and deleted after a dialog that says what is lost', async () => {
    await using opened = await signedIn(browser, stack, stack.keys.adminKey, { path: 'whatsapp' });
    const { page, faults } = opened;
    const row = page.getByRole('list', { name: 'WhatsApp sessions' }).getByRole('listitem');
    await row.locator('.status', { hasText: 'working' }).waitFor();
    await expectAccessible(page);
    await row.getByRole('link', { name: 'front-desk' }).click();
    const how = statusIn(page);
    await page.getByRole('button', { name: 'Restart' }).click();
    await page.locator('.notice', { hasText: 'front-desk is restarting' }).waitFor();
    await how.getByText('working').waitFor();

    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Stop …' }).click();
    await dialog.getByText('No messages come in or go out').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    // The page may show the status from before the restart. A session that was stopped would not work again.
    await poll(async () => (await statusOf('front-desk')) === 'WORKING', {
      what: 'the session to work after the restart',
      timeoutMs: PATIENCE_MS,
    });
    await page.getByRole('button', { name: 'Stop …' }).click();
    await dialog.getByRole('button', { name: 'Stop it' }).click();
    await how.getByText('stopped').waitFor();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await how.getByText('working').waitFor();

    await page.getByRole('button', { name: 'Log out …' }).click();
    await dialog.getByText('Its keys are lost').waitFor();
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Log it out' }).click();
    await how.getByText('stopped').waitFor();

    await page.getByRole('button', { name: 'Delete …' }).click();
    await dialog.getByText('are lost for good').waitFor();
    await dialog.getByRole('button', { name: 'Delete it' }).click();
    await page.getByText('No WhatsApp session yet').waitFor();
    expect(page.url()).toBe(at('whatsapp'));
    await page.goto(at('whatsapp/front-desk'));
    await page.getByText('There is no such session').waitFor();
    const markup = '<img src=x onerror=alert(1)>';
    await page.goto(at(`whatsapp/${encodeURIComponent(markup)}`));
    await page.getByRole('heading', { name: markup }).waitFor();
    await page.getByText('There is no such session').waitFor();
    expect(faults).toEqual([]);
  });

  test('pages a thousand sessions, finds the failing ones, and lets staff only read', async () => {
    const { body: person } = await api('POST', '/api/people', { name: 'Noa', role: 'staff' });
    for (const name of ['desk-1', 'desk-2']) await api('POST', '/api/sessions', { id: name, start: false });
    await db.query(`insert into whatsapp_sessions (id, business_id, wanted)
    select 'many-' || lpad(n::text, 4, '0'), 'default', 'stopped' from generate_series(1, 1000) n`);
    await db.query(`update whatsapp_sessions set wanted = 'started', last_error = 'logged_out', last_error_at = now()
    where id = 'many-0900'`);

    await using opened = await signedIn(browser, stack, String(person?.['key']), {
      viewport: { width: 390, height: 800 },
    });
    const { page, faults } = opened;
    await statusIn(page).getByText('WhatsApp session many-0900 is logged out').waitFor();
    await page.goto(at('whatsapp'));
    const rows = page.getByRole('list', { name: 'WhatsApp sessions' }).getByRole('listitem');
    await poll(async () => (await rows.count()) === 50, { what: 'the first page', timeoutMs: PATIENCE_MS });
    await page.getByRole('button', { name: 'Show more' }).click();
    await poll(async () => (await rows.count()) === 100, { what: 'the second page', timeoutMs: PATIENCE_MS });
    expect(await page.getByRole('button', { name: 'New session' }).count()).toBe(0);
    await page.getByRole('switch', { name: 'Only problems' }).check();
    await poll(async () => (await rows.count()) === 1, {
      what: 'the one that is wrong',
      timeoutMs: PATIENCE_MS,
    });
    expect(page.url()).toBe(at('whatsapp?wrong=1'));
    await expectAccessible(page);
    await rows.getByRole('link', { name: 'many-0900' }).click();
    await page.getByText('Only an admin key can create, pair, start and stop sessions.').waitFor();
    expect(await page.getByRole('button', { name: /Start|Stop|Restart|Log out|Delete/ }).count()).toBe(0);
    await expectAccessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    expect(faults).toEqual([]);

    await using operator = await signedIn(browser, stack, stack.keys.metricsToken);
    await statusIn(operator.page).getByText('The WhatsApp session is logged out').waitFor();
    expect(await operator.page.getByText('many-0900').count()).toBe(0);
    expect(await operator.page.getByRole('link', { name: 'WhatsApp', exact: true }).count()).toBe(0);
  });
}
