import { applyEvent } from '@prosaas/conversations';
import { readWaitingStats } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { expect, test, vi } from 'vitest';
import {
  addDana,
  alwaysOpen,
  addEli,
  ann,
  dana,
  danas,
  heardBy,
  minutesPass,
  on,
  run,
  stateOf,
  useNoticeStage,
  waitingCustomer,
  work,
} from './notice-stage.ts';

vi.setConfig({ testTimeout: 120_000 });
useNoticeStage();

test('an answer applies to the chat of the quoted notice, or else to the newest waiting one', async () => {
  await addDana();
  const bob = '15550198@s.whatsapp.net';
  await waitingCustomer(ann);
  await run();
  await minutesPass(1);
  await waitingCustomer(bob);
  await run();
  await work();
  await poll(() => heardBy(danas).length === 2, { timeoutMs: 60_000, what: 'two notices' });
  const [first] = await on.stage.db.query<{ external_id: string }>(
    `select external_id from messages where author = 'notice' order by created_at limit 1`,
  );
  await on.stage.receive(danas, '1', { quotedId: first!.external_id });
  await poll(() => heardBy(danas).length === 3, { timeoutMs: 30_000, what: 'a confirmation' });
  expect(heardBy(danas)[2]).toMatch(/Ann \(\+15550199\).* 1 other chat waits\.$/);
  expect(await stateOf(bob)).toMatchObject({ state: 'waiting' });
  await on.stage.receive(danas, '1');
  await poll(() => heardBy(danas).length === 4, { timeoutMs: 30_000, what: 'another confirmation' });
  expect(await stateOf(bob)).toMatchObject({ state: 'person', person_id: dana });
  await on.stage.receive(danas, '2', { quotedId: first!.external_id });
  await poll(() => heardBy(danas).length === 5, { timeoutMs: 30_000, what: 'the last confirmation' });
  expect(await stateOf(ann)).toMatchObject({ state: 'agent' });
  expect(await stateOf(bob)).toMatchObject({ state: 'person' });
});

test('2 applies to the newest chat that the person holds, not to the newest notice', async () => {
  await addDana();
  const bob = '15550198@s.whatsapp.net';
  const cem = '15550197@s.whatsapp.net';
  for (const contact of [ann, cem]) {
    const id = await waitingCustomer(contact);
    await on.stage.db.transaction((tx) =>
      applyEvent(tx, id, { type: 'taken_over' }, { actor: 'person', personId: dana }),
    );
  }
  await waitingCustomer(bob);
  await run();
  await work();
  await poll(() => heardBy(danas).length === 1, { timeoutMs: 60_000, what: 'the notice of Bob' });
  await minutesPass(25 * 60);
  await on.stage.receive(danas, '2');
  await poll(() => heardBy(danas).length === 2, { timeoutMs: 30_000, what: 'a confirmation' });
  expect(await stateOf(cem)).toMatchObject({ state: 'agent' });
  await on.stage.receive(danas, '2');
  await poll(() => heardBy(danas).length === 3, { timeoutMs: 30_000, what: 'another confirmation' });
  expect(await stateOf(ann)).toMatchObject({ state: 'agent' });
  expect(await stateOf(bob)).toMatchObject({ state: 'waiting' });
});

test('staff can neither take over nor give back a chat that is answered from the phone', async () => {
  await addDana();
  const id = await waitingCustomer();
  await run();
  await work();
  await poll(() => heardBy(danas).length === 1, { timeoutMs: 60_000, what: 'a notice' });
  await on.stage.db.transaction((tx) => applyEvent(tx, id, { type: 'person_wrote' }, { actor: 'phone' }));
  for (const [at, answer] of ['1', '2'].entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await on.stage.receive(danas, answer);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await poll(() => heardBy(danas).length === at + 2, {
      timeoutMs: 30_000,
      what: `the answer to ${answer}`,
    });
  }
  expect(heardBy(danas)[1]).toMatch(/^Somebody at the phone of the business has the chat with Ann/);
  expect(await stateOf(ann)).toEqual({ state: 'person', state_reason: 'phone', person_id: null });
  await on.stage.db.query(`update people set role = 'owner'`);
  await on.stage.receive(danas, '1');
  await poll(() => heardBy(danas).length === 4, { timeoutMs: 30_000, what: 'the answer to the owner' });
  expect(await stateOf(ann)).toMatchObject({ state: 'person', person_id: dana });
});

test('1 works for an old notice while the chat waits, and for a quoted notice always', async () => {
  await addDana();
  await waitingCustomer();
  await run();
  await work();
  await poll(() => heardBy(danas).length === 1, { timeoutMs: 60_000, what: 'a notice' });
  const [notice] = await poll(
    async () => {
      const rows = await on.stage.db.query<{ external_id: string }>(
        `select external_id from messages where author = 'notice' and status = 'sent'`,
      );
      return rows.length > 0 && rows;
    },
    { what: 'the notice to be sent' },
  );
  await minutesPass(25 * 60);
  await on.stage.receive(danas, '1');
  await poll(() => heardBy(danas).some((text) => text.startsWith('You have taken')), {
    timeoutMs: 30_000,
    what: 'a confirmation',
  });
  expect(await stateOf(ann)).toMatchObject({ state: 'person', person_id: dana });
  await on.stage.db.query(`update conversations set state = 'agent', person_id = null where contact = $1`, [
    ann,
  ]);
  await minutesPass(25 * 60);
  await on.stage.receive(danas, 'What is this?', { quotedId: notice!.external_id });
  await poll(() => heardBy(danas).some((text) => text.startsWith('Nobody reads')), {
    timeoutMs: 30_000,
    what: 'an explanation',
  });
  expect(await on.stage.db.query(`select 1 from messages where author = 'agent'`)).toEqual([]);
});

test('a person without a notice within a day is treated as a customer, and not announced to herself', async () => {
  await addDana();
  await addEli();
  await waitingCustomer();
  await run();
  await minutesPass(25 * 60);
  // The reminder, too: in opening hours the worker would announce it after the time has passed.
  await run({ hours: { ...on.profile.hours, week: alwaysOpen } });
  await work();
  await poll(() => heardBy(danas).length === 2, { timeoutMs: 60_000, what: 'both notices to go' });
  await minutesPass(25 * 60);
  await on.stage.receive(danas, 'I want to talk to a person');
  await poll(async () => ((await stateOf(danas)) as { state: string }).state === 'waiting', {
    timeoutMs: 30_000,
    what: 'her own chat to wait',
  });
  await run();
  expect(
    await on.stage.db.query(
      `select 1 from notices join conversations on conversations.id = conversation_id
    where contact = $1`,
      [danas],
    ),
  ).toEqual([]);
  expect(await readWaitingStats(on.stage.db)).toMatchObject({ conversations: 1 });
});

test('notifies an owner in the chat with herself if her number is the account, and ignores her other notes there', async () => {
  await addDana();
  await work();
  const account = '15550101';
  await on.stage.receive(danas, 'Do you take cash?', { account });
  const id = await waitingCustomer();
  await poll(() => heardBy(danas).length === 1, { timeoutMs: 30_000, what: 'a notice' });
  await on.stage.receive(danas, 'buy milk', { account });
  await on.stage.receive(danas, '1', { account });
  await poll(() => heardBy(danas).length === 2, { timeoutMs: 30_000, what: 'a confirmation' });
  expect(await stateOf(ann)).toMatchObject({ state: 'person', person_id: dana });
  expect(
    await on.stage.db.query(
      `select reason from messages where direction = 'inbound' and conversation_id <> $1 order by messages.seq`,
      [id],
    ),
  ).toEqual([{ reason: 'self_chat' }, { reason: 'notice_answer' }, { reason: null }]);
});
