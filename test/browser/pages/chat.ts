import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { customerWaits, field, messages, openPage, row, rows, untilReceived } from '../support/chats.ts';
import { PATIENCE_MS, expectAccessible, keepScreenshot } from '../support/console.ts';
import { dana, desk } from '../support/front-desk.ts';

async function addLongChat(name: string, count: number): Promise<string> {
  const [chat] = await desk.db.query<{ id: string }>(
    `insert into conversations (business_id, channel, session_id, contact, contact_name, last_message_at, last_inbound_at, read_at)
     values ('default', 'whatsapp', 'front-desk', $1, $2, now(), now(), now()) returning id`,
    [`49170${Date.now()}@s.whatsapp.net`, name],
  );
  await desk.db.query(
    `insert into messages (business_id, conversation_id, session_id, direction, status, author, text, created_at)
     select 'default', $1, 'front-desk', 'inbound', 'answered', 'customer', 'line ' || n, now() - ($2 - n) * interval '1 minute'
     from generate_series(1, $2) n`,
    [chat!.id, count],
  );
  return chat!.id;
}

export function chatTests(): void {
  test('a waiting chat is taken over, answered and given back in the page', async () => {
    await using opened = await openPage();
    const { page, faults } = opened;
    await page.getByText('No conversations yet').waitFor();
    await expectAccessible(page);

    // The customer called before.
    const maria = desk.whatsapp.addPhone({ pushName: 'Maria' });
    await desk.db.query(
      `insert into calls (id, business_id, from_number, to_number, status, outcome, reason, started_at, answered_at, ended_at)
     values ('CA-maria', 'default', $1, '+4930', 'completed', 'completed', 'finished', now(), now(), now())`,
      [`+${maria.number}`],
    );
    // The waiting customer is listed above one whom the agent answers.
    const ben = desk.whatsapp.addPhone({ pushName: 'Ben' });
    await desk.write(ben, 'Is there parking nearby?');
    await row(page, 'Ben').waitFor();
    await customerWaits(maria);
    await row(page, 'Maria').getByText('asked for a person').waitFor();
    await row(page, 'Maria').getByText('I want to talk to a person').waitFor();
    await desk.write(ben, 'Do you have guest wifi?');
    await untilReceived(ben, /network is called Visitors/);
    expect(await rows(page).first().textContent()).toContain('Maria');
    await row(page, 'Maria').getByText('unread').waitFor();
    await page.getByRole('link', { name: /Conversations.*need attention/ }).waitFor();

    await row(page, 'Maria').click();
    await messages(page).getByText('I want to talk to a person').waitFor();
    await messages(page).getByText('waits for a person').waitFor();
    await messages(page).getByText('Needs a person: asked for a person').waitFor();
    const call = messages(page).getByRole('listitem').filter({ hasText: 'completed' }).getByRole('link');
    expect(await call.getAttribute('href')).toBe('#/calls/CA-maria');
    await row(page, 'Maria').getByText('unread').waitFor({ state: 'detached' });
    await expectAccessible(page);

    await page.getByRole('button', { name: 'Take over' }).click();
    await page.getByText('yours until').waitFor();
    await field(page).fill('Hi Maria, this is Noa.');
    await field(page).press('Shift+Enter');
    await field(page).pressSequentially('How can I help?');
    await field(page).press('Enter');
    await untilReceived(maria, 'Hi Maria, this is Noa.\nHow can I help?');
    const sent = messages(page).getByRole('listitem').filter({ hasText: 'How can I help?' });
    await sent.getByText('You').waitFor();
    await keepScreenshot(page);
    await sent.getByText('delivered').waitFor();
    expect(await field(page).inputValue()).toBe('');

    await desk.write(maria, 'When do you open?');
    await messages(page).getByText('When do you open?').waitFor();
    await page
      .getByRole('status')
      .filter({ hasText: 'Maria: When do you open?' })
      .waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Give back' }).click();
    await page
      .getByRole('dialog')
      .getByText('1 message is waiting for an answer and will not get one.')
      .waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Give back' }).click();
    await messages(page).getByText('You gave it back to the agent').waitFor();
    await desk.write(maria, 'Is there parking nearby?');
    await untilReceived(maria, /car park behind the building/);
    await messages(page).getByText('car park behind the building').waitFor();
    expect(faults).toEqual([]);
  });

  test('a draft survives a reload, a lost response and a failure, and is sent once', async () => {
    const { phone, id } = await customerWaits('Lost');
    await using opened = await openPage(`conversations/${id}`);
    const { page } = opened;
    await field(page).fill('Half a sentence');
    await page.reload();
    await messages(page).getByText('I want to talk to a person').waitFor();
    expect(await field(page).inputValue()).toBe('Half a sentence');

    await page.route('**/api/messages', (route) => route.abort());
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('alert').filter({ hasText: 'No answer came' }).waitFor();
    expect(await field(page).inputValue()).toBe('Half a sentence');
    // The api receives the message, but its response is lost.
    await page.unroute('**/api/messages');
    await page.route('**/api/messages', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await page.getByRole('button', { name: 'Send' }).click();
    await untilReceived(phone, 'Half a sentence');
    await page.getByRole('alert').filter({ hasText: 'No answer came' }).waitFor();
    await page.unroute('**/api/messages');
    await page.reload();
    await page.getByRole('button', { name: 'Send' }).click();
    await poll(async () => (await field(page).inputValue()) === '', { what: 'the draft to be gone' });
    await desk.write(phone, 'and now?');
    await messages(page).getByText('and now?').waitFor();
    const sent = messages(page).getByRole('listitem').filter({ hasText: 'Half a sentence' });
    expect(await sent.count()).toBe(1);
    await page.reload();
    await messages(page).getByText('and now?').waitFor();
    expect(await field(page).inputValue()).toBe('');
  });

  test('warns before sending if another person takes the chat over meanwhile', async () => {
    const { phone, id } = await customerWaits('Contested');
    await using opened = await openPage(`conversations/${id}`);
    const { page } = opened;
    await field(page).fill('I am on it');
    await desk.api('POST', `/api/conversations/${id}/take-over`, undefined, dana.key);
    await page.getByText('Dana has this chat. Sending a message takes it over.').waitFor();
    await field(page).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Somebody else has this chat' });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await field(page).inputValue()).toBe('I am on it');
    expect(phone.received.map(({ text }) => text)).not.toContain('I am on it');
    // Staff may not give back a colleague's chat.
    expect(await page.getByRole('button', { name: 'Give back' }).count()).toBe(0);
    await field(page).press('Enter');
    await dialog.getByRole('button', { name: 'Send anyway' }).click();
    await untilReceived(phone, 'I am on it');
    await page.getByText('yours until').waitFor();

    await page.getByText('More', { exact: true }).click();
    await page.getByRole('button', { name: 'Assign …' }).click();
    await page.getByRole('dialog').getByLabel('To').selectOption({ label: 'Dana (owner)' });
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Assign', exact: true }).click();
    await messages(page).getByText('Assigned to Dana by Noa').waitFor();
    await page.getByText('More', { exact: true }).click();
    await page.getByRole('button', { name: 'Close …' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Reopen' }).click();
    await messages(page).getByText('You reopened it').waitFor();
  });

  test('shows that a customer opted out, and opts the customer in with a reason', async () => {
    const phone = desk.whatsapp.addPhone({ pushName: 'Quiet' });
    await desk.write(phone, 'stop');
    const id = await poll(
      async () => {
        const { body } = await desk.api('GET', `/api/conversations?contact=${phone.number}`);
        const [chat] = (body?.['items'] ?? []) as { id: string; opted_out_at: string | null }[];
        return chat?.opted_out_at != null && chat.id;
      },
      { what: 'the opt-out', timeoutMs: PATIENCE_MS },
    );
    await using opened = await openPage(`conversations/${id}`);
    const { page } = opened;
    await page.getByText('The customer wants no more messages. You can answer').waitFor();
    await row(page, 'Quiet').getByText('opted out').waitFor();
    expect(await field(page).count()).toBe(0);
    await page.getByText('More', { exact: true }).click();
    await page.getByRole('button', { name: 'Opt in …' }).click();
    await page.getByLabel('How you know').fill('told us at the desk');
    await page.getByRole('dialog').getByRole('button', { name: 'Opt in' }).click();
    await messages(page).getByText('The customer wants messages again: told us at the desk').waitFor();
    await field(page).waitFor();
  });

  test('shows markup as text, right-to-left text in its direction, and a long text folded', async () => {
    const markup = '<img src=x onerror="document.title=1"><b>bold</b>';
    const { phone, id } = await customerWaits(markup);
    await using opened = await openPage(`conversations/${id}`);
    const { page, faults } = opened;
    await page.getByRole('heading', { name: markup }).waitFor();
    await row(page, markup).waitFor();
    await desk.write(phone, markup);
    await messages(page).getByText(markup, { exact: true }).last().waitFor();
    await desk.write(phone, 'שלום, יש חניה?');
    const hebrew = messages(page).getByText('שלום, יש חניה?');
    await hebrew.waitFor();
    expect(await hebrew.evaluate((element) => getComputedStyle(element).direction)).toBe('rtl');
    await desk.write(phone, `${'long '.repeat(2000)}end`);
    const fold = page.getByRole('button', { name: 'Show all (10,003 characters)' });
    await fold.waitFor();
    expect(await messages(page).getByText('long end').count()).toBe(0);
    await fold.click();
    await messages(page).getByText('long end').waitFor();
    await expectAccessible(page);
    expect(await page.locator('img, b').count()).toBe(0);
    expect(await page.title()).toBe('Conversations – ProSaaS');
    expect(faults).toEqual([]);
  });

  test('a chat with 50,000 messages shows the newest, and loads older ones without moving the view', async () => {
    const id = await addLongChat('Chatty', 50_000);
    await using opened = await openPage(`conversations/${id}`);
    const { page } = opened;
    const log = messages(page);
    await log.getByText('line 50000', { exact: true }).waitFor();
    const shown = log.getByRole('listitem').filter({ hasText: /line \d+/ });
    expect(await shown.count()).toBe(50);
    const atEnd = (): Promise<boolean> =>
      log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 2);
    await poll(atEnd, { what: 'the end to be shown' });

    // Older messages appear above the visible ones, which do not move.
    await log.evaluate((element) => element.scrollTo(0, 0));
    const first = log.getByText('line 49951', { exact: true });
    const topOf = async (): Promise<number> => (await first.boundingBox())!.y;
    const before = await topOf();
    await page.getByRole('button', { name: 'Show older' }).click();
    await log.getByText('line 49901', { exact: true }).waitFor({ state: 'attached' });
    expect(Math.abs((await topOf()) - before)).toBeLessThan(60);
    expect(await shown.count()).toBe(100);

    // New messages do not move the visible ones either.
    const still = await topOf();
    await desk.db.query(
      `insert into messages (business_id, conversation_id, session_id, direction, status, author, text)
     select 'default', $1, 'front-desk', 'inbound', 'answered', 'customer', 'news ' || n from generate_series(1, 2) n`,
      [id],
    );
    const news = page.getByRole('button', { name: '2 new messages' });
    await news.waitFor();
    expect(await topOf()).toBe(still);
    await news.click();
    await poll(atEnd, { what: 'the end to be shown' });
    await news.waitFor({ state: 'detached' });
  });

  test("shows times in the business' time zone", async () => {
    const id = await addLongChat('Far away', 1);
    const [before] = await desk.db.query<{ time_zone: string }>(
      `select time_zone from businesses where id = 'default'`,
    );
    await desk.db.query(`update businesses set time_zone = 'Asia/Kathmandu' where id = 'default'`);
    await using opened = await openPage(`conversations/${id}`);
    const { page } = opened;
    const time = messages(page).getByRole('listitem').filter({ hasText: 'line 1' }).getByRole('time');
    const at = new Date((await time.getAttribute('datetime'))!);
    const zone = { hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Kathmandu' } as const;
    const there = new Intl.DateTimeFormat('en-GB', zone).format(at);
    await time
      .getByText(there)
      .or(time.filter({ hasText: there }))
      .waitFor();
    await desk.db.query(`update businesses set time_zone = $1 where id = 'default'`, [before!.time_zone]);
  });
}
