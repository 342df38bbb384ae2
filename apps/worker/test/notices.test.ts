import { applyEvent } from '@prosaas/conversations';
import { readWaitingStats } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { expect, test, vi } from 'vitest';
import {
  addDana,
  alwaysOpen,
  addEli,
  addPerson,
  ann,
  announcements,
  dana,
  danas,
  eli,
  elis,
  handedOver,
  heardBy,
  kinds,
  minutesPass,
  notices,
  on,
  run,
  stateOf,
  useNoticeStage,
  waitingCustomer,
  work,
} from './notice-stage.ts';

vi.setConfig({ testTimeout: 120_000 });
useNoticeStage();

test('notifies people of a customer who wants a person; they take the chat over with 1 and give it back with 2', async () => {
  await addDana();
  await addEli();
  await work();
  await on.stage.receive(ann, 'Where are you located?');
  await on.stage.receive(ann, 'I want to talk to a person');
  await poll(() => heardBy(danas).length + heardBy(elis).length === 2 && on.mail.got.length === 1, {
    timeoutMs: 60_000,
    what: 'three notices',
  });
  expect(heardBy(danas)).toEqual(heardBy(elis));
  expect(heardBy(danas)[0]).toMatch(
    /^\+15550199 waits for a person\.\nWhy: the customer asked for a person\n[^]*> Where are you located\?\n> I want to talk to a person\n\nReply 1 /,
  );
  expect(on.mail.got[0]).toMatchObject({ from: 'desk@example.com', to: ['dana@example.com'] });
  const [{ id } = { id: '' }] = await on.stage.db.query<{ id: string }>(
    `select id from notices where channel = 'email'`,
  );
  expect(on.mail.got[0]?.text).toContain(`Message-ID: <${id}@example.com>`);
  expect(on.mail.got[0]?.text).toContain('Subject: +15550199 waits for a person');

  await on.stage.receive(danas, ' 1. ');
  await poll(() => heardBy(danas).length === 2, { timeoutMs: 30_000, what: 'a confirmation' });
  expect(heardBy(danas)[1]).toMatch(/^You have taken over the chat with \+15550199/);
  expect(await stateOf(ann)).toEqual({ state: 'person', state_reason: 'taken_over', person_id: dana });

  await on.stage.receive(elis, '1');
  await poll(() => heardBy(elis).length === 2, { timeoutMs: 30_000, what: 'the answer to Eli' });
  expect(heardBy(elis)[1]).toMatch(/^Dana has the chat with \+15550199 already/);
  expect(await stateOf(ann)).toMatchObject({ person_id: dana });

  await on.stage.receive(elis, '2');
  await poll(() => heardBy(elis).length === 3, { timeoutMs: 30_000, what: 'the second answer to Eli' });
  expect(heardBy(elis)[2]).toBe(heardBy(elis)[1]);
  expect(await stateOf(ann)).toMatchObject({ state: 'person', person_id: dana });

  for (let turn = 0; turn < 5; turn++) await on.stage.receive(danas, 'Do you take cash?');
  await on.stage.receive(danas, '2');
  await poll(async () => ((await stateOf(ann)) as { state: string }).state === 'agent', {
    timeoutMs: 30_000,
    what: 'the chat to be given back',
  });
  await poll(() => heardBy(danas).length === 6, { timeoutMs: 30_000, what: 'the last confirmation' });
  // Explained three times, then no reply.
  expect(heardBy(danas).slice(2, 5)).toEqual(
    Array.from({ length: 3 }, () => expect.stringMatching(/^Nobody reads what you write here/)),
  );
  expect(heardBy(danas)[5]).toMatch(/^The agent answers \+15550199 again\. 1 message has no answer/);
  const answers = await on.stage.db.query(
    `select status, reason from messages where direction = 'inbound' and status <> 'answered' order by messages.seq`,
  );
  expect(answers).toEqual([
    { status: 'ignored', reason: 'given_back' },
    { status: 'ignored', reason: 'notice_answer' },
    { status: 'ignored', reason: 'notice_answer' },
  ]);
  expect(await on.stage.db.query(`select 1 from messages where author = 'agent'`)).toHaveLength(2);
  expect(
    await on.stage.db.query<{ event: string; actor: string }>(
      `select event, actor from conversation_events join conversations on conversations.id = conversation_id
       where contact = $1 order by conversation_events.id`,
      [ann],
    ),
  ).toEqual([
    { event: 'needs_person', actor: 'agent' },
    { event: 'announced', actor: 'system' },
    { event: 'taken_over', actor: 'person' },
    { event: 'given_back', actor: 'person' },
  ]);
});

test('two workers announce a chat once, and once more after the reminder time', async () => {
  await addDana();
  await addEli();
  const id = await waitingCustomer();
  await Promise.all([run(), run(), run()]);
  expect(await notices()).toEqual([
    { kind: 'waiting', channel: 'whatsapp', person: 'Dana' },
    { kind: 'waiting', channel: 'whatsapp', person: 'Eli' },
  ]);
  await minutesPass(14);
  await run();
  expect(await announcements(id)).toBe(1);
  await minutesPass(1.1);
  await Promise.all([run(), run()]);
  expect(await kinds()).toEqual(['waiting', 'waiting', 'reminder', 'reminder']);
  await minutesPass(1000);
  await run();
  expect(await kinds()).toHaveLength(4);
  expect(await readWaitingStats(on.stage.db)).toMatchObject({
    conversations: 1,
    unattended: 1,
    not_notifiable: 0,
  });
});

test('reminders wait for the opening hours, except for emergencies', async () => {
  await addDana();
  const { hours } = on.profile;
  const [{ today } = { today: '' }] = await on.stage.db.query<{ today: string }>(
    `select to_char(now() at time zone 'utc', 'YYYY-MM-DD') as today`,
  );
  const week = alwaysOpen;
  // Not open within two weeks.
  const closedOn = Array.from({ length: 15 }, (_, back) =>
    new Date(Date.parse(today) - (back - 1) * 86_400_000).toISOString().slice(0, 10),
  );
  await waitingCustomer(ann);
  await waitingCustomer('15550198@s.whatsapp.net', 'emergency');
  await run();
  await minutesPass(60);
  await run({ hours: { ...hours, week, closedOn } });
  expect(await kinds()).toEqual(['waiting', 'waiting', 'reminder']);
  await run({ hours: { ...hours, week } });
  expect(await kinds()).toEqual(['waiting', 'waiting', 'reminder', 'reminder']);
});

test('in quiet hours only emergencies are announced, and the others afterwards', async () => {
  await addDana();
  const night = { person: { quiet: '00:00-24:00' } };
  const id = await waitingCustomer(ann);
  const gone = await waitingCustomer('15550197@s.whatsapp.net');
  const urgent = await waitingCustomer('15550198@s.whatsapp.net', 'emergency');
  await run(night);
  expect([await announcements(id), await announcements(urgent)]).toEqual([0, 1]);
  await on.stage.db.transaction((tx) => applyEvent(tx, gone, { type: 'given_back' }, { actor: 'person' }));
  await run();
  expect([await announcements(id), await announcements(gone)]).toEqual([1, 0]);
  expect(await kinds()).toHaveLength(2);
});

test('a chat that waits again within ten minutes is announced after them, an emergency at once', async () => {
  await addDana();
  const id = await waitingCustomer();
  await run();
  const change = (event: Parameters<typeof applyEvent>[2]): Promise<unknown> =>
    on.stage.db.transaction((tx) => applyEvent(tx, id, event, { actor: 'system' }));
  await change({ type: 'given_back' });
  await change({ type: 'needs_person', reason: 'asked' });
  await run();
  expect([await announcements(id), await kinds()]).toEqual([0, ['waiting']]);
  await minutesPass(10.1);
  await run();
  expect([await announcements(id), await kinds()]).toEqual([1, ['waiting', 'waiting']]);
  await change({ type: 'needs_person', reason: 'emergency' });
  await run();
  expect(await kinds()).toHaveLength(3);
  await change({ type: 'given_back' });
  await change({ type: 'needs_person', reason: 'emergency' });
  await run();
  expect(await kinds()).toHaveLength(3);
});

test('a chat counts as announced when nobody can be notified, with the event nobody_to_tell', async () => {
  await addPerson(dana, 'Dana', null, 'dana@example.com');
  await waitingCustomer();
  await run();
  expect(await notices()).toEqual([]);
  await minutesPass(20);
  await run();
  expect(await readWaitingStats(on.stage.db)).toMatchObject({
    conversations: 1,
    unattended: 1,
    not_notifiable: 1,
  });
  const events = await on.stage.db.query<{ event: string }>(
    'select event from conversation_events order by id',
  );
  expect(events.map(({ event }) => event)).toEqual(['needs_person', 'nobody_to_tell', 'nobody_to_tell']);
  await waitingCustomer('15550198@s.whatsapp.net');
  await run({ hasMail: true });
  expect(await notices()).toEqual([{ kind: 'waiting', channel: 'email', person: 'Dana' }]);
});

test("when the person's time is over the agent gets the chat back, or it waits and is announced", async () => {
  await addDana();
  const [answered, open] = [await waitingCustomer(ann), await waitingCustomer('15550198@s.whatsapp.net')];
  for (const id of [answered, open])
    await on.stage.db.transaction((tx) =>
      applyEvent(tx, id, { type: 'taken_over' }, { actor: 'person', personId: dana }),
    );
  await on.stage.db.query(`update messages set status = 'answered' where conversation_id = $1`, [answered]);
  await run();
  expect(await stateOf(ann)).toMatchObject({ state: 'person' });
  await on.stage.db.query(
    `update conversations set person_until = now() - interval '1 second' where state = 'person'`,
  );
  handedOver.length = 0;
  await Promise.all([run(), run()]);
  expect(await stateOf(ann)).toMatchObject({ state: 'agent' });
  expect(await stateOf('15550198@s.whatsapp.net')).toMatchObject({
    state: 'waiting',
    state_reason: 'person_left',
  });
  expect(handedOver).toEqual(['person_left']);
  await run();
  expect(await kinds()).toEqual(['waiting']);
});

test('does not send a notice of a chat that no longer waits, over either channel', async () => {
  await addDana();
  const id = await waitingCustomer();
  await run({ hasMail: true });
  await on.stage.db.transaction((tx) => applyEvent(tx, id, { type: 'given_back' }, { actor: 'person' }));
  await work();
  await poll(async () => (await on.stage.rows()).open === 0, { timeoutMs: 60_000, what: 'the jobs to end' });
  expect([on.stage.baileys.requests, on.mail.got.length, (await on.stage.rows()).dead]).toEqual([0, 0, 0]);
  expect(await on.stage.db.query(`select status, reason from messages where author = 'notice'`)).toEqual([
    { status: 'ignored', reason: 'no_longer_waiting' },
  ]);
});

test('drops a notice if the account may start no chats, without a dead-letter entry', async () => {
  on.stage.baileys.fault = ({ chatId }) => (chatId === danas ? 'restricted' : undefined);
  await addDana();
  await waitingCustomer();
  await run({ hasMail: true });
  await work();
  await poll(async () => (await on.stage.rows()).open === 0, { timeoutMs: 60_000, what: 'the jobs to end' });
  expect([on.stage.baileys.requests, on.mail.got.length, (await on.stage.rows()).dead]).toEqual([1, 1, 0]);
  expect(await on.stage.db.query(`select status, reason from messages where author = 'notice'`)).toEqual([
    { status: 'ignored', reason: 'new_chats_restricted' },
  ]);
});

test('retries an e-mail that the server defers, and moves a refused one to the dead letter', async () => {
  let putOff = 1;
  on.mail.fault = (to) => {
    if (to === 'eli@example.com') return 550;
    return (putOff -= 1) >= 0 ? 451 : undefined;
  };
  await addPerson(dana, 'Dana', null, 'dana@example.com');
  await addPerson(eli, 'Eli', null, 'eli@example.com');
  await on.stage.db.query(`update conversations set contact_name = 'x'`);
  const id = await waitingCustomer();
  await on.stage.db.query('update conversations set contact_name = $2 where id = $1', [
    id,
    'Ann\r\nBcc: all@example.com\r\n\r\nעברית',
  ]);
  await run({ hasMail: true });
  await work();
  await poll(async () => on.mail.got.length === 1 && (await on.stage.rows()).open === 0, {
    timeoutMs: 60_000,
    what: 'one e-mail and one dead letter',
  });
  expect(on.mail.got[0]?.to).toEqual(['dana@example.com']);
  const head = on.mail.got[0]!.text.split('\r\n\r\n')[0]!;
  expect(head).not.toMatch(/^Bcc:/im);
  expect(head).toMatch(/^Subject: =\?UTF-8\?/im);
  expect(head).toMatch(/^Auto-Submitted: auto-generated/im);
  const [dead] = await on.stage.db.query<{ queue: string; failure: string }>(
    'select queue, failure from jobs where failed_at is not null',
  );
  expect(dead).toMatchObject({ queue: 'notices', failure: expect.stringMatching(/^MAIL_REFUSED: .*550/) });
  // No conversation waits for a person because of that.
  expect(
    await on.stage.db.query(`select event from conversation_events where event = 'needs_person'`),
  ).toHaveLength(1);
});
