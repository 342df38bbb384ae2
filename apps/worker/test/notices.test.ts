import { readFile, writeFile } from 'node:fs/promises';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Profile, loadProfile } from '@prosaas/agentkit';
import { applyEvent } from '@prosaas/conversations';
import { readWaitingFigures, recordInbound } from '@prosaas/database';
import { poll } from '@prosaas/devstack';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { noticeChannels } from '../src/notices/channels.ts';
import { handOverTask } from '../src/tasks/hand-over.ts';
import { type MailServer, startMailServer } from './mail-server.ts';
import { type Stage, setStage, silent } from './stage.ts';

vi.setConfig({ testTimeout: 120_000 });

const dana = '11111111-1111-4111-8111-111111111111';
const eli = '22222222-2222-4222-8222-222222222222';
const danas = '15550101@s.whatsapp.net';
const elis = '15550102@s.whatsapp.net';
const ann = '15550199@s.whatsapp.net';

let stage: Stage;
let mail: MailServer;
let folder: Awaited<ReturnType<typeof mkdtempDisposable>>;
let profilePath: string;
let profile: Profile;

beforeAll(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), 'notices-'));
  profilePath = join(folder.path, 'profile.yaml');
  const shipped = await readFile(
    new URL('../../../packages/agentkit/profiles/default.yaml', import.meta.url),
    'utf8',
  );
  // The test runs at any time of the day.
  await writeFile(profilePath, shipped.replace("quiet: '22:00-07:00'", 'quiet: null'));
  profile = await loadProfile(profilePath);
});
afterAll(() => folder[Symbol.asyncDispose]());
beforeEach(async () => {
  stage = await setStage();
  mail = await startMailServer();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
  await mail[Symbol.asyncDispose]();
});

const work = (): Promise<unknown> => stage.worker({}, { PROFILE_PATH: profilePath, SMTP_URL: mail.url });

async function addPerson(
  id: string,
  name: string,
  phone: string | null,
  email: string | null,
): Promise<void> {
  await stage.db.query(
    `insert into people (id, business_id, name, role, phone_number, email) values ($1, 'default', $2, 'staff', $3, $4)`,
    [id, name, phone, email],
  );
}
const addDana = (): Promise<void> => addPerson(dana, 'Dana', '15550101', 'dana@example.com');
const addEli = (): Promise<void> => addPerson(eli, 'Eli', '15550102', null);

/** A customer whose conversation waits; without a worker. */
async function waitingCustomer(contact = ann, reason: 'asked' | 'emergency' = 'asked'): Promise<string> {
  return stage.db.transaction(async (tx) => {
    const { conversationId } = await recordInbound(tx, {
      sessionId: 'shop',
      businessId: 'default',
      contact,
      contactName: 'Ann',
      externalId: `IN-${contact}`,
      text: 'I want to talk to a person',
      sentAt: new Date(),
    });
    await applyEvent(tx, conversationId, { type: 'needs_person', reason }, { actor: 'agent' });
    return conversationId;
  });
}

const never = new AbortController().signal;
interface Run {
  person?: Profile['person'];
  hours?: Profile['hours'];
  hasMail?: boolean;
}
const handedOver: string[] = [];
const run = ({ person = { quiet: null }, hours, hasMail = false }: Run = {}): Promise<void> =>
  handOverTask({
    db: stage.db,
    relay: stage.relay,
    profile: { hours: hours ?? { ...profile.hours, week: {} }, timeZone: 'UTC', person },
    channels: noticeChannels({ hasMail }),
    onHandOver: (reason) => handedOver.push(reason),
    log: silent,
  })(never);

const notices = (): Promise<{ kind: string; channel: string; person: string }[]> =>
  stage.db.query(
    `select kind, channel, people.name as person from notices join people on people.id = person_id
     order by notices.created_at, people.name, channel`,
  );
const kinds = async (): Promise<string[]> => (await notices()).map(({ kind }) => kind);
const announcements = async (id: string): Promise<unknown> =>
  (
    await stage.db.query<{ announcements: number }>('select announcements from conversations where id = $1', [
      id,
    ])
  )[0]?.announcements;
/** As if people had been told so long ago. */
const minutesPass = (minutes: number): Promise<unknown> =>
  stage.db.query(
    `with told as (update conversations set announced_at = announced_at - make_interval(secs => 60 * $1::float8),
         state_since = state_since - make_interval(secs => 60 * $1::float8)),
       events as (update conversation_events set at = at - make_interval(secs => 60 * $1::float8)),
       messages_told as (update messages set created_at = created_at - make_interval(secs => 60 * $1::float8) where author = 'notice')
     update notices set created_at = created_at - make_interval(secs => 60 * $1::float8)`,
    [minutes],
  );
const stateOf = async (contact: string): Promise<object> =>
  (
    await stage.db.query<object>(
      'select state, state_reason, person_id from conversations where contact = $1',
      [contact],
    )
  )[0]!;
const heardBy = (contact: string): string[] =>
  stage.baileys.sent.filter(({ chatId }) => chatId === contact).map(({ text }) => text);

test('people are told of a customer who wants a person, take her over by an answer, and give her back', async () => {
  await addDana();
  await addEli();
  await work();
  await stage.receive(ann, 'Where are you located?');
  await stage.receive(ann, 'I want to talk to a person');
  await poll(() => heardBy(danas).length + heardBy(elis).length === 2 && mail.got.length === 1, {
    timeoutMs: 60_000,
    what: 'three notices',
  });
  expect(heardBy(danas)).toEqual(heardBy(elis));
  expect(heardBy(danas)[0]).toMatch(
    /^\+15550199 waits for a person\.\nWhy: the customer asked for a person\n[^]*> Where are you located\?\n> I want to talk to a person\n\nReply 1 /,
  );
  expect(mail.got[0]).toMatchObject({ from: 'desk@example.com', to: ['dana@example.com'] });
  const [{ id } = { id: '' }] = await stage.db.query<{ id: string }>(
    `select id from notices where channel = 'email'`,
  );
  expect(mail.got[0]?.text).toContain(`Message-ID: <${id}@example.com>`);
  expect(mail.got[0]?.text).toContain('Subject: +15550199 waits for a person');

  await stage.receive(danas, ' 1. ');
  await poll(() => heardBy(danas).length === 2, { timeoutMs: 30_000, what: 'a confirmation' });
  expect(heardBy(danas)[1]).toMatch(/^You have taken over the chat with \+15550199/);
  expect(await stateOf(ann)).toEqual({ state: 'person', state_reason: 'taken_over', person_id: dana });

  await stage.receive(elis, '1');
  await poll(() => heardBy(elis).length === 2, { timeoutMs: 30_000, what: 'the answer to Eli' });
  expect(heardBy(elis)[1]).toMatch(/^Dana has the chat with \+15550199 already/);
  expect(await stateOf(ann)).toMatchObject({ person_id: dana });

  await stage.receive(elis, '2');
  await poll(() => heardBy(elis).length === 3, { timeoutMs: 30_000, what: 'the second answer to Eli' });
  expect(heardBy(elis)[2]).toBe(heardBy(elis)[1]);
  expect(await stateOf(ann)).toMatchObject({ state: 'person', person_id: dana });

  for (let turn = 0; turn < 5; turn++) await stage.receive(danas, 'Do you take cash?');
  await stage.receive(danas, '2');
  await poll(async () => ((await stateOf(ann)) as { state: string }).state === 'agent', {
    timeoutMs: 30_000,
    what: 'the chat to be given back',
  });
  await poll(() => heardBy(danas).length === 6, { timeoutMs: 30_000, what: 'the last confirmation' });
  // Explained three times, then silence.
  expect(heardBy(danas).slice(2, 5)).toEqual(
    Array.from({ length: 3 }, () => expect.stringMatching(/^Nobody reads what you write here/)),
  );
  expect(heardBy(danas)[5]).toMatch(/^The agent answers \+15550199 again\. 1 message has no answer/);
  const answers = await stage.db.query(
    `select status, reason from messages where direction = 'inbound' and status <> 'answered' order by messages.seq`,
  );
  expect(answers).toEqual([
    { status: 'ignored', reason: 'given_back' },
    { status: 'ignored', reason: 'notice_answer' },
    { status: 'ignored', reason: 'notice_answer' },
  ]);
  expect(await stage.db.query(`select 1 from messages where author = 'agent'`)).toHaveLength(2);
  expect(
    await stage.db.query<{ event: string; actor: string }>(
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

test('an answer is to the chat whose notice is quoted, else to the newest that waits', async () => {
  await addDana();
  const bob = '15550198@s.whatsapp.net';
  await waitingCustomer(ann);
  await run();
  await minutesPass(1);
  await waitingCustomer(bob);
  await run();
  await work();
  await poll(() => heardBy(danas).length === 2, { timeoutMs: 60_000, what: 'two notices' });
  const [first] = await stage.db.query<{ external_id: string }>(
    `select external_id from messages where author = 'notice' order by created_at limit 1`,
  );
  await stage.receive(danas, '1', { quotedId: first!.external_id });
  await poll(() => heardBy(danas).length === 3, { timeoutMs: 30_000, what: 'a confirmation' });
  expect(heardBy(danas)[2]).toMatch(/Ann \(\+15550199\).* 1 other chat waits\.$/);
  expect(await stateOf(bob)).toMatchObject({ state: 'waiting' });
  await stage.receive(danas, '1');
  await poll(() => heardBy(danas).length === 4, { timeoutMs: 30_000, what: 'another confirmation' });
  expect(await stateOf(bob)).toMatchObject({ state: 'person', person_id: dana });
  await stage.receive(danas, '2', { quotedId: first!.external_id });
  await poll(() => heardBy(danas).length === 5, { timeoutMs: 30_000, what: 'the last confirmation' });
  expect(await stateOf(ann)).toMatchObject({ state: 'agent' });
  expect(await stateOf(bob)).toMatchObject({ state: 'person' });
});

test('2 is about the newest chat that she has herself, not about the newest notice', async () => {
  await addDana();
  const bob = '15550198@s.whatsapp.net';
  const cem = '15550197@s.whatsapp.net';
  for (const contact of [ann, cem]) {
    const id = await waitingCustomer(contact);
    await stage.db.transaction((tx) =>
      applyEvent(tx, id, { type: 'taken_over' }, { actor: 'person', personId: dana }),
    );
  }
  await waitingCustomer(bob);
  await run();
  await work();
  await poll(() => heardBy(danas).length === 1, { timeoutMs: 60_000, what: 'the notice of Bob' });
  await minutesPass(25 * 60);
  await stage.receive(danas, '2');
  await poll(() => heardBy(danas).length === 2, { timeoutMs: 30_000, what: 'a confirmation' });
  expect(await stateOf(cem)).toMatchObject({ state: 'agent' });
  await stage.receive(danas, '2');
  await poll(() => heardBy(danas).length === 3, { timeoutMs: 30_000, what: 'another confirmation' });
  expect(await stateOf(ann)).toMatchObject({ state: 'agent' });
  expect(await stateOf(bob)).toMatchObject({ state: 'waiting' });
});

test('what the owner answers from the phone is not taken from her by staff, nor given back', async () => {
  await addDana();
  const id = await waitingCustomer();
  await run();
  await work();
  await poll(() => heardBy(danas).length === 1, { timeoutMs: 60_000, what: 'a notice' });
  await stage.db.transaction((tx) => applyEvent(tx, id, { type: 'person_wrote' }, { actor: 'phone' }));
  for (const [at, answer] of ['1', '2'].entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await stage.receive(danas, answer);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await poll(() => heardBy(danas).length === at + 2, {
      timeoutMs: 30_000,
      what: `the answer to ${answer}`,
    });
  }
  expect(heardBy(danas)[1]).toMatch(/^Somebody at the phone of the business has the chat with Ann/);
  expect(await stateOf(ann)).toEqual({ state: 'person', state_reason: 'phone', person_id: null });
  await stage.db.query(`update people set role = 'owner'`);
  await stage.receive(danas, '1');
  await poll(() => heardBy(danas).length === 4, { timeoutMs: 30_000, what: 'the answer to the owner' });
  expect(await stateOf(ann)).toMatchObject({ state: 'person', person_id: dana });
});

test('1 is understood however old the notice is while the chat waits, and a quoted notice in any case', async () => {
  await addDana();
  await waitingCustomer();
  await run();
  await work();
  await poll(() => heardBy(danas).length === 1, { timeoutMs: 60_000, what: 'a notice' });
  const [notice] = await poll(
    async () => {
      const rows = await stage.db.query<{ external_id: string }>(
        `select external_id from messages where author = 'notice' and status = 'sent'`,
      );
      return rows.length > 0 && rows;
    },
    { what: 'the notice to be sent' },
  );
  await minutesPass(25 * 60);
  await stage.receive(danas, '1');
  await poll(() => heardBy(danas).some((text) => text.startsWith('You have taken')), {
    timeoutMs: 30_000,
    what: 'a confirmation',
  });
  expect(await stateOf(ann)).toMatchObject({ state: 'person', person_id: dana });
  await stage.db.query(`update conversations set state = 'agent', person_id = null where contact = $1`, [
    ann,
  ]);
  await minutesPass(25 * 60);
  await stage.receive(danas, 'What is this?', { quotedId: notice!.external_id });
  await poll(() => heardBy(danas).some((text) => text.startsWith('Nobody reads')), {
    timeoutMs: 30_000,
    what: 'an explanation',
  });
  expect(await stage.db.query(`select 1 from messages where author = 'agent'`)).toEqual([]);
});

test('who got no notice within a day is a customer, of whom nobody is told', async () => {
  await addDana();
  await addEli();
  await waitingCustomer();
  await run();
  await minutesPass(25 * 60);
  await work();
  await poll(() => heardBy(danas).length > 0, { timeoutMs: 60_000, what: 'the notice to go' });
  await minutesPass(25 * 60);
  await stage.receive(danas, 'I want to talk to a person');
  await poll(async () => ((await stateOf(danas)) as { state: string }).state === 'waiting', {
    timeoutMs: 30_000,
    what: 'her own chat to wait',
  });
  await run();
  expect(
    await stage.db.query(
      `select 1 from notices join conversations on conversations.id = conversation_id
    where contact = $1`,
      [danas],
    ),
  ).toEqual([]);
  expect(await readWaitingFigures(stage.db)).toMatchObject({ conversations: 1 });
});

test('an owner whose number is the account is told among her notes, and what else she notes is ignored', async () => {
  await addDana();
  await work();
  const account = '15550101';
  await stage.receive(danas, 'Do you take cash?', { account });
  const id = await waitingCustomer();
  await poll(() => heardBy(danas).length === 1, { timeoutMs: 30_000, what: 'a notice' });
  await stage.receive(danas, 'buy milk', { account });
  await stage.receive(danas, '1', { account });
  await poll(() => heardBy(danas).length === 2, { timeoutMs: 30_000, what: 'a confirmation' });
  expect(await stateOf(ann)).toMatchObject({ state: 'person', person_id: dana });
  expect(
    await stage.db.query(
      `select reason from messages where direction = 'inbound' and conversation_id <> $1 order by messages.seq`,
      [id],
    ),
  ).toEqual([{ reason: 'note_to_oneself' }, { reason: 'notice_answer' }, { reason: null }]);
});

test('two workers announce a chat once, and once more when the time has passed', async () => {
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
  expect(await readWaitingFigures(stage.db)).toMatchObject({ conversations: 1, unattended: 1, untold: 0 });
});

test('a reminder waits for the opening hours, but that of an emergency', async () => {
  await addDana();
  const { hours } = profile;
  const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
  const [{ today } = { today: '' }] = await stage.db.query<{ today: string }>(
    `select to_char(now() at time zone 'utc', 'YYYY-MM-DD') as today`,
  );
  const week = Object.fromEntries(days.map((day) => [day, ['00:00-24:00']]));
  // Not within two weeks.
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

test('nobody is told at night but of an emergency, and of the others when the night is over', async () => {
  await addDana();
  const night = { person: { quiet: '00:00-24:00' } };
  const id = await waitingCustomer(ann);
  const gone = await waitingCustomer('15550197@s.whatsapp.net');
  const urgent = await waitingCustomer('15550198@s.whatsapp.net', 'emergency');
  await run(night);
  expect([await announcements(id), await announcements(urgent)]).toEqual([0, 1]);
  await stage.db.transaction((tx) => applyEvent(tx, gone, { type: 'given_back' }, { actor: 'person' }));
  await run();
  expect([await announcements(id), await announcements(gone)]).toEqual([1, 0]);
  expect(await kinds()).toHaveLength(2);
});

test('a chat that waits anew within ten minutes is announced when they are over, an emergency at once', async () => {
  await addDana();
  const id = await waitingCustomer();
  await run();
  const change = (event: Parameters<typeof applyEvent>[2]): Promise<unknown> =>
    stage.db.transaction((tx) => applyEvent(tx, id, event, { actor: 'system' }));
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

test('where nobody can be told the chat counts as told in vain', async () => {
  await addPerson(dana, 'Dana', null, 'dana@example.com');
  await waitingCustomer();
  await run();
  expect(await notices()).toEqual([]);
  await minutesPass(20);
  await run();
  expect(await readWaitingFigures(stage.db)).toMatchObject({ conversations: 1, unattended: 1, untold: 1 });
  const events = await stage.db.query<{ event: string }>('select event from conversation_events order by id');
  expect(events.map(({ event }) => event)).toEqual(['needs_person', 'nobody_to_tell', 'nobody_to_tell']);
  await waitingCustomer('15550198@s.whatsapp.net');
  await run({ hasMail: true });
  expect(await notices()).toEqual([{ kind: 'waiting', channel: 'email', person: 'Dana' }]);
});

test('when her time is over the agent has the chat again, or it waits and is announced', async () => {
  await addDana();
  const [answered, open] = [await waitingCustomer(ann), await waitingCustomer('15550198@s.whatsapp.net')];
  for (const id of [answered, open])
    await stage.db.transaction((tx) =>
      applyEvent(tx, id, { type: 'taken_over' }, { actor: 'person', personId: dana }),
    );
  await stage.db.query(`update messages set status = 'answered' where conversation_id = $1`, [answered]);
  await run();
  expect(await stateOf(ann)).toMatchObject({ state: 'person' });
  await stage.db.query(
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

test('a notice of a chat that waits no more is not sent, by neither way', async () => {
  await addDana();
  const id = await waitingCustomer();
  await run({ hasMail: true });
  await stage.db.transaction((tx) => applyEvent(tx, id, { type: 'given_back' }, { actor: 'person' }));
  await work();
  await poll(async () => (await stage.rows()).open === 0, { timeoutMs: 60_000, what: 'the jobs to end' });
  expect([stage.baileys.requests, mail.got.length, (await stage.rows()).dead]).toEqual([0, 0, 0]);
  expect(await stage.db.query(`select status, reason from messages where author = 'notice'`)).toEqual([
    { status: 'ignored', reason: 'waits_no_more' },
  ]);
});

test('where the account may start no chats a notice is left out at once, and is no dead letter', async () => {
  stage.baileys.fault = ({ chatId }) => (chatId === danas ? 'restricted' : undefined);
  await addDana();
  await waitingCustomer();
  await run({ hasMail: true });
  await work();
  await poll(async () => (await stage.rows()).open === 0, { timeoutMs: 60_000, what: 'the jobs to end' });
  expect([stage.baileys.requests, mail.got.length, (await stage.rows()).dead]).toEqual([1, 1, 0]);
  expect(await stage.db.query(`select status, reason from messages where author = 'notice'`)).toEqual([
    { status: 'ignored', reason: 'new_chats_restricted' },
  ]);
});

test('e-mail that is put off is tried again, and what is refused lies in the dead letter', async () => {
  let putOff = 1;
  mail.fault = (to) => {
    if (to === 'eli@example.com') return 550;
    return (putOff -= 1) >= 0 ? 451 : undefined;
  };
  await addPerson(dana, 'Dana', null, 'dana@example.com');
  await addPerson(eli, 'Eli', null, 'eli@example.com');
  await stage.db.query(`update conversations set contact_name = 'x'`);
  const id = await waitingCustomer();
  await stage.db.query('update conversations set contact_name = $2 where id = $1', [
    id,
    'Ann\r\nBcc: all@example.com\r\n\r\nעברית',
  ]);
  await run({ hasMail: true });
  await work();
  await poll(async () => mail.got.length === 1 && (await stage.rows()).open === 0, {
    timeoutMs: 60_000,
    what: 'one e-mail and one dead letter',
  });
  expect(mail.got[0]?.to).toEqual(['dana@example.com']);
  const head = mail.got[0]!.text.split('\r\n\r\n')[0]!;
  expect(head).not.toMatch(/^Bcc:/im);
  expect(head).toMatch(/^Subject: =\?UTF-8\?/im);
  expect(head).toMatch(/^Auto-Submitted: auto-generated/im);
  const [dead] = await stage.db.query<{ queue: string; failure: string }>(
    'select queue, failure from jobs where failed_at is not null',
  );
  expect(dead).toMatchObject({ queue: 'notices', failure: expect.stringMatching(/^MAIL_REFUSED: .*550/) });
  // Nothing waits for a person because of that.
  expect(
    await stage.db.query(`select event from conversation_events where event = 'needs_person'`),
  ).toHaveLength(1);
});
