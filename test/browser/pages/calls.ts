import { poll } from '@prosaas/devstack';
import { babble } from '@prosaas/simulators';
import { expect, test } from 'vitest';
import { PATIENCE_MS, addressIn, expectAccessible, signedIn } from '../support/console.ts';
import { browser, db, provider, stack } from '../support/operations.ts';

const at = (path: string): string => addressIn(stack, path);

export function callTests(): void {
  test('shows a call live, then its steps and its message, which can be played', async () => {
    await using opened = await signedIn(browser, stack, stack.keys.apiKey, { path: 'calls' });
    const { page, faults } = opened;
    await page.getByText('No call yet').waitFor();
    await page.getByText('docs/calls.md').waitFor();
    await expectAccessible(page);

    const { promise: goesOn, resolve: speak } = Promise.withResolvers<void>();
    const call = await provider.call({
      from: '+491701234567',
      script: async (stream) => {
        await stream.untilMarks(1);
        await goesOn;
        await stream.say(babble(2000));
      },
    });
    const live = page.getByRole('list', { name: 'Live calls' }).getByRole('listitem');
    await live.getByText('+491701234567').waitFor();
    await live.getByText('in progress').waitFor();
    await live.getByText('The caller hears the greeting').waitFor();
    await expectAccessible(page);
    speak();
    await call.ended;
    const past = page.getByRole('list', { name: 'Past calls, Today' }).getByRole('listitem');
    await past.getByText('completed').waitFor();
    await past.getByText('1 message left').waitFor();
    await live.waitFor({ state: 'detached' });

    await past.getByRole('link', { name: '+491701234567', exact: true }).click();
    const steps = page.getByRole('list', { name: 'What happened' }).getByRole('listitem');
    await steps.getByText('The caller begins to speak').waitFor();
    const texts = await steps.allTextContents();
    const order = [
      'The provider offered',
      'Accepted',
      'Answered',
      'The greeting begins',
      'begins to speak',
      'Ended',
    ];
    expect(order.map((words) => texts.findIndex((text) => text.includes(words)))).toEqual(
      order.map((words) => texts.findIndex((text) => text.includes(words))).toSorted((a, b) => a - b),
    );
    expect(order.every((words) => texts.some((text) => text.includes(words)))).toBe(true);
    expect(texts.every((text) => /^\+\d/.test(text))).toBe(true);
    expect(page.url()).toBe(at(`calls/${call.sid}`));
    await expectAccessible(page);

    const player = page.getByLabel('Message 1');
    expect(await player.getAttribute('preload')).toBe('none');
    await player.evaluate((audio: HTMLAudioElement) => audio.play());
    const heard = await poll(
      () =>
        player.evaluate((audio: HTMLAudioElement) => {
          const { currentTime, duration, error } = audio;
          return (currentTime > 0 || error !== null) && { duration, fault: error?.message ?? null };
        }),
      { what: 'the sound of the message', timeoutMs: PATIENCE_MS },
    );
    expect(heard).toMatchObject({ fault: null });
    expect(heard.duration).toBeGreaterThan(1);
    expect(await page.getByText('could not be loaded').count()).toBe(0);
    expect(
      await db.query(`select from audit_log where action = 'GET /api/calls/:id/recordings/:recording'`),
    ).not.toEqual([]);
    expect(faults).toEqual([]);
  });

  test('filters past calls by outcome, caller and time, and shows texts of strangers without markup', async () => {
    await db.query(`insert into calls (id, business_id, from_number, status, outcome, reason, started_at, answered_at, ended_at)
    values
      ('CAbusy', 'default', '+4930111', 'busy', 'rejected', 'max_concurrent', now(), null, now()),
      ('CAbad', 'default', 'sip:<img src=x onerror=alert(1)>@example.com', 'failed', 'error', 'no_media', now(), now(), now()),
      ('CAold', 'default', '+4930222', 'completed', 'completed', 'caller_hung_up', '2026-01-15T12:00:00Z',
        '2026-01-15T12:00:01Z', '2026-01-15T12:01:05Z')`);
    await using opened = await signedIn(browser, stack, stack.keys.apiKey, {
      path: 'calls?wrong=1',
      viewport: { width: 390, height: 800 },
    });
    const { page, faults } = opened;
    const rows = page.getByRole('region', { name: 'Past calls' }).getByRole('listitem');
    const countOf = (count: number): Promise<unknown> =>
      poll(async () => (await rows.count()) === count, { what: `${count} calls`, timeoutMs: PATIENCE_MS });
    await countOf(2);
    await rows.getByText('sip:<img src=x onerror=alert(1)>@example.com').waitFor();
    await rows.getByText('the limit of concurrent calls was reached').waitFor();
    await expectAccessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await page.getByRole('switch', { name: 'Only problems' }).uncheck();
    await countOf(4);
    await page.getByLabel('Outcome').selectOption('rejected');
    await countOf(1);
    expect(page.url()).toBe(at('calls?outcome=rejected'));
    await page.getByRole('link', { name: 'Show all calls' }).click();
    await countOf(4);
    await page.getByLabel('Day', { exact: true }).fill('2026-01-15');
    await countOf(1);
    await rows.getByText('+4930222').waitFor();
    await rows.getByText('1 min').waitFor();
    await page.goto(at('calls?contact=%2B4930111'));
    await countOf(1);
    await page.getByRole('link', { name: '+4930111', exact: true }).click();
    await page.getByText('No steps of this call were recorded.').waitFor();
    await page.getByText('No chat with this number yet.').waitFor();
    await page.goto(at('calls/CAnobody'));
    await page.getByText('There is no such call').waitFor();
    expect(faults).toEqual([]);
  });
}
