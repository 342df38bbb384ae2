import { poll } from '@prosaas/devstack';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type FrontDesk, startFrontDesk } from './support/front-desk.ts';
import { outputOf } from './support/stack.ts';

let desk: FrontDesk;
beforeAll(async () => {
  desk = await startFrontDesk();
});
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.log(outputOf(desk.stack).slice(-4000));
});
afterAll(() => desk?.[Symbol.asyncDispose]());

test('an unknown question is listed, answered over REST, and the next one like it gets that answer', async () => {
  const maria = desk.whatsapp.addPhone({ pushName: 'Maria' });
  await desk.write(maria, 'Do you rent helicopters?');
  const group = await poll(
    async () => {
      const { body } = await desk.api('GET', '/api/agent/unanswered');
      return ((body?.['items'] ?? []) as { id: string; question: string; count: number }[])[0];
    },
    { what: 'the group', timeoutMs: 30_000 },
  );
  expect(group).toMatchObject({ question: 'Do you rent helicopters?', count: 1 });
  const { status, body } = await desk.api('POST', `/api/agent/unanswered/${group?.id}/answer`, {
    answer: 'Only on Sundays.',
  });
  expect([status, body?.['question']]).toEqual([200, 'Do you rent helicopters?']);

  // The worker reads learned answers every 2 s, so new customers ask until one gets the answer.
  await expect
    .poll(
      async () => {
        const omer = desk.whatsapp.addPhone({ pushName: 'Omer' });
        await desk.write(omer, 'do you rent HELICOPTERS');
        const [first] = await poll(() => omer.received.length > 0 && omer.received, {
          what: 'an answer',
          timeoutMs: 20_000,
        });
        return first?.text;
      },
      { timeout: 30_000 },
    )
    .toBe('Only on Sundays.');
});
