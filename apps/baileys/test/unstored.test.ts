import type { Account } from '@prosaas/simulators';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Counters, readCounters } from './counters.ts';
import { KEYS, type Replica, SOON, Stack } from './harness.ts';

interface Unstored {
  id: string;
  contact: string;
  status: string;
  reason: string;
  retries: number;
}

let stack: Stack;
let replica: Replica;
let account: Account;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica({ unstoredEveryMs: 100 });
  account = await stack.pair(replica, 'shop');
});
afterAll(() => stack[Symbol.asyncDispose]());

let before: Counters;
beforeEach(async () => {
  await stack.rows('delete from unstored_messages');
  before = await atRest();
});

/** Counters reach Redis once a second. */
async function atRest(): Promise<Counters> {
  const [first] = await stack.rows<{ n: number }>('select count(*)::int as n from messages');
  await expect.poll(async () => (await readCounters(stack)).inbound, SOON).toBe(first?.n);
  return readCounters(stack);
}
const more = async (): Promise<Partial<Counters>> => {
  const now = await readCounters(stack);
  return { inbound: now.inbound - before.inbound, errors: now.errors - before.errors };
};
const unstored = async (key = KEYS.ADMIN_KEY): Promise<Unstored[]> => {
  const { body } = await replica.call<{ items: Unstored[] }>('GET', '/api/unstored-messages', {
    'x-api-key': key,
  });
  return body.items;
};
const retry = (id: string) =>
  replica.admin<{ message_id?: string; code?: string }>('POST', `/api/unstored-messages/${id}/retry`);
const stored = (text: string) =>
  stack.rows<{ id: string }>('select id from messages where text = $1', [text]);
const jobsOf = async (id: string): Promise<number> =>
  (await stack.rows('select 1 from jobs where message_id = $1', [id])).length;

/** PostgreSQL refuses messages that contain `word` with this SQLSTATE, until it is disposed of. */
async function refusal(word: string, state: string): Promise<AsyncDisposable> {
  await stack.rows(
    `create or replace function refuse() returns trigger language plpgsql as
     $$ begin raise exception 'refused by a trigger' using errcode = '${state}'; end $$`,
  );
  await stack.rows(
    `create trigger refuse before insert on messages for each row
     when (new.text like '%${word}%') execute function refuse()`,
  );
  return {
    async [Symbol.asyncDispose]() {
      await stack.rows('drop trigger refuse on messages');
    },
  };
}

describe('a message whose data PostgreSQL can never store', () => {
  test('is quarantined with its keys, counted and listed, and holds up no other message', async () => {
    const phone = stack.whatsapp.addPhone();
    await using _ = await refusal('odd', '22021');
    await phone.sendText(account, 'first');
    await phone.sendText(account, 'an odd text');
    await phone.sendText(account, 'after that');
    expect(await stored('after that')).toHaveLength(1);
    const [kept] = await unstored();
    expect(kept).toMatchObject({ status: 'quarantined', contact: phone.jid, retries: 0 });
    expect(kept?.reason).toBe('refused by a trigger');
    expect(await unstored(KEYS.API_KEY)).toEqual([kept]);
    await expect.poll(more, SOON).toEqual({ inbound: 2, errors: 1 });
    await expect
      .poll(async () => (await replica.call<string>('GET', '/health?verbose', {})).body, SOON)
      .toContain('[+]inbox ok, warning: quarantined_messages');

    const answer = await retry(kept?.id ?? '');
    expect([answer.status, answer.body.code]).toEqual([422, 'MESSAGE_NOT_STORABLE']);
    expect(await unstored()).toMatchObject([{ status: 'quarantined', retries: 1 }]);
  });

  test('is stored by a retry, once and with its job', async () => {
    const phone = stack.whatsapp.addPhone({ pushName: 'Gil' });
    {
      await using _ = await refusal('unlucky', '22000');
      const { id } = await phone.sendText(account, 'an unlucky text');
      // As a phone does that was asked to repeat: it is kept and counted once.
      await phone.redeliver(account, id, { ciphertext: 'fresh' });
      await phone.sendText(account, 'a lucky text');
      expect(await unstored()).toHaveLength(1);
    }
    const [kept] = await unstored();
    expect(await stored('an unlucky text')).toEqual([]);
    const { status, body } = await retry(kept?.id ?? '');
    expect(status).toBe(200);
    expect(await stored('an unlucky text')).toEqual([{ id: body.message_id }]);
    expect(
      await stack.rows(
        `select c.contact, c.contact_name from conversations c join messages m on m.conversation_id = c.id
         where m.text = 'an unlucky text'`,
      ),
    ).toEqual([{ contact: phone.jid, contact_name: 'Gil' }]);
    await expect.poll(() => jobsOf(body.message_id ?? ''), SOON).toBe(1);
    expect(await unstored()).toEqual([]);
    expect((await retry(kept?.id ?? '')).status).toBe(404);
    await expect.poll(more, SOON).toEqual({ inbound: 2, errors: 1 });
  });

  test('is not stored by a retry once its session is gone', async () => {
    const phone = stack.whatsapp.addPhone();
    {
      await using _ = await refusal('orphaned', '22000');
      await phone.sendText(account, 'an orphaned text');
    }
    const [kept] = await unstored();
    await stack.rows(`update unstored_messages set session_id = 'gone'`);
    expect(await retry(kept?.id ?? '')).toMatchObject({
      status: 422,
      body: { code: 'MESSAGE_NOT_STORABLE' },
    });
    await expect.poll(more, SOON).toEqual({ inbound: 0, errors: 1 });
  });

  test.each([
    ['a broken constraint', '23514'],
    ['a missing column', '42703'],
    ['an internal error', 'XX000'],
  ])('is not quarantined for %s but waits', async (_what, state) => {
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, `before ${state}`);
    {
      await using _ = await refusal('waits', state);
      await phone.sendText(account, `waits for ${state}`, { awaitDelivery: false });
      await expect.poll(async () => (await replica.session('shop')).reason, SOON).toMatch(/^database_/);
      expect(account.pending).toBe(1);
      expect(await unstored()).toEqual([]);
    }
    await expect.poll(() => stored(`waits for ${state}`), SOON).toHaveLength(1);
    await expect.poll(() => account.pending, SOON).toBe(0);
    expect((await replica.session('shop')).reason).toBeNull();
    await expect.poll(more, SOON).toEqual({ inbound: 2, errors: 0 });
  });
});

describe('a message that is acknowledged before its content has come', () => {
  test('is pending until its content comes', async () => {
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, 'known');
    const { id } = await phone.sendText(account, 'late', { withoutContent: true });
    expect(await unstored()).toMatchObject([{ status: 'pending', contact: phone.jid, reason: 'no_content' }]);
    expect(await retry((await unstored())[0]?.id ?? '')).toMatchObject({ status: 422 });
    await phone.redeliver(account, id, { ciphertext: 'fresh' });
    expect(await stored('late')).toHaveLength(1);
    expect(await unstored()).toEqual([]);
    await expect.poll(more, SOON).toEqual({ inbound: 2, errors: 0 });
  });

  test('is pending until the phone has sent it again if it could not be decrypted', async () => {
    const phone = stack.whatsapp.addPhone();
    await stack.rows('create table seen (status text, reason text)');
    await stack.rows(
      `create function note_place() returns trigger language plpgsql as
       $$ begin insert into seen values (new.status, new.reason); return new; end $$`,
    );
    await stack.rows(
      'create trigger note_place after insert on unstored_messages for each row execute function note_place()',
    );
    await phone.sendText(account, 'garbled', { corruptFirst: true });
    await expect.poll(() => stored('garbled'), SOON).toHaveLength(1);
    expect(await stack.rows('select * from seen')).toEqual([{ status: 'pending', reason: 'undecryptable' }]);
    await expect.poll(() => unstored(), SOON).toEqual([]);
  });

  test('is not pending when it is stored already', async () => {
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, 'one');
    const { id } = await phone.sendText(account, 'two');
    await phone.redeliver(account, id, { ciphertext: 'same' });
    await phone.sendText(account, 'three');
    expect(await unstored()).toEqual([]);
  });

  test('expires with a reason and is counted; content that comes later is still stored', async () => {
    const phone = stack.whatsapp.addPhone();
    const { id } = await phone.sendText(account, 'too late', { withoutContent: true });
    await stack.rows(`update unstored_messages set received_at = now() - interval '25 hours'`);
    await expect
      .poll(() => unstored(), SOON)
      .toMatchObject([{ status: 'expired', reason: 'content_never_arrived (no_content)' }]);
    await expect.poll(more, SOON).toEqual({ inbound: 0, errors: 1 });
    await phone.redeliver(account, id, { ciphertext: 'fresh' });
    expect(await stored('too late')).toHaveLength(1);
    expect(await unstored()).toEqual([]);
  });
});
