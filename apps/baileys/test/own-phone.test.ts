import type { Account } from '@prosaas/simulators';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Replica, Stack, SOON } from './harness.ts';
import { type Message, PhoneChats } from './phone-chats.ts';

let stack: Stack;
let replica: Replica;
let account: Account;
let chats: PhoneChats;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica();
  account = await stack.pair(replica, 'shop');
  chats = new PhoneChats(stack, account);
});
afterAll(() => stack[Symbol.asyncDispose]());

describe('a message of the owner from the phone', () => {
  test('is stored in the conversation and takes the chat over', async () => {
    const phone = await chats.customer();
    const sentAt = new Date(Math.floor(Date.now() / 1000) * 1000 - 5000);
    const { id } = await account.handset.send(phone, 'yes, till nine', { sentAt });
    expect((await chats.messagesWith(phone))[1]).toEqual({
      direction: 'outbound',
      author: 'phone',
      kind: 'text',
      status: 'sent',
      text: 'yes, till nine',
      external_id: id,
      address: phone.jid,
      account: account.number,
      sent_at: sentAt,
      jobs: 0,
    });
    expect(await chats.chatsWith(phone)).toEqual([
      {
        contact: phone.jid,
        alternate_contact: phone.lid,
        contact_name: 'Dana',
        state: 'person',
        state_reason: 'phone',
      },
    ]);
  });

  test('answers the question, and drops an unsent answer of the agent', async () => {
    const phone = await chats.customer();
    await stack.rows(
      `insert into messages (business_id, conversation_id, session_id, direction, status, author, text, in_reply_to)
       select business_id, conversation_id, session_id, 'outbound', 'queued', 'agent', 'we are', messages.id
       from messages where conversation_id = (select id from conversations where contact = $1)`,
      [phone.jid],
    );
    await account.handset.send(phone, 'yes, till nine');
    const statuses = (await chats.messagesWith(phone)).map(({ text, status }) => [text, status]);
    expect(statuses).toEqual([
      ['are you open?', 'answered'],
      ['we are', 'ignored'],
      ['yes, till nine', 'sent'],
    ]);
  });

  test('is not counted as inbound or outbound', async () => {
    const phone = stack.whatsapp.addPhone();
    await account.handset.send(phone, 'a word');
    await chats.allStored();
    await chats.expectCounted();
    expect(await chats.textsWith(phone)).toEqual(['a word']);
  });

  test('is stored once when it is delivered twice', async () => {
    const phone = await chats.customer();
    const { id } = await account.handset.send(phone, 'once');
    await account.handset.redeliver(id);
    expect(await chats.textsWith(phone)).toEqual(['are you open?', 'once']);
  });

  test('is requested again and stored once when it cannot be decrypted', async () => {
    const phone = await chats.customer();
    await account.handset.send(phone, 'garbled', { corruptFirst: true });
    await expect.poll(() => chats.textsWith(phone), SOON).toEqual(['are you open?', 'garbled']);
    expect(await stack.rows('select 1 from unstored_messages')).toEqual([]);
  });

  test('opens a conversation with somebody who never wrote, without the name of the account', async () => {
    const phone = stack.whatsapp.addPhone();
    await account.handset.send(phone, 'your order is ready');
    expect(await chats.chatsWith(phone)).toEqual([
      {
        contact: phone.jid,
        alternate_contact: phone.lid,
        contact_name: null,
        state: 'person',
        state_reason: 'phone',
      },
    ]);
  });

  test('may be a picture', async () => {
    const phone = await chats.customer();
    await account.handset.send(phone, { imageMessage: { caption: 'our menu' } });
    expect((await chats.messagesWith(phone))[1]).toMatchObject({ kind: 'image', text: '[image] our menu' });
    expect(await chats.stateOf(phone)).toBe('person');
  });

  test('takes over any number of chats when it is a picture without a caption', async () => {
    const phones = [await chats.customer(), await chats.customer(), await chats.customer()];
    for (const phone of phones) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await account.handset.send(phone, { imageMessage: {} });
    }
    expect(await Promise.all(phones.map((phone) => chats.stateOf(phone)))).toEqual([
      'person',
      'person',
      'person',
    ]);
  });

  test('is stored and takes the chat over at the next start when the service was down', async () => {
    const phone = await chats.customer();
    await replica[Symbol.asyncDispose]();
    await account.handset.send(phone, 'in between', { awaitDelivery: false });
    replica = await stack.replica();
    await expect.poll(() => chats.textsWith(phone), SOON).toEqual(['are you open?', 'in between']);
    expect(await chats.stateOf(phone)).toBe('person');
  });
});

describe('the conversation follows from the recipient only', () => {
  const addresses = (['pn', 'lid'] as const).flatMap((addressing) =>
    (['recipient', 'own', 'none'] as const).map((alternate) => ({ addressing, alternate })),
  );

  test.each(addresses)('by $addressing, with the alternate address of: $alternate', async (how) => {
    const phones = [await chats.customer(), await chats.customer()];
    for (const phone of phones) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await account.handset.send(phone, `to ${phone.number}`, how);
    }
    for (const phone of phones) {
      // oxlint-disable-next-line no-await-in-loop -- two
      expect(await chats.textsWith(phone)).toEqual(['are you open?', `to ${phone.number}`]);
      // oxlint-disable-next-line no-await-in-loop -- two
      expect(await chats.chatsWith(phone)).toMatchObject([
        { contact: phone.jid, alternate_contact: phone.lid },
      ]);
    }
    expect(await chats.chatsWith(account)).toEqual([]);
  });

  test.each(addresses)(
    'by $addressing, with the alternate address of: $alternate, to contacts who never wrote',
    async (how) => {
      const phones = [stack.whatsapp.addPhone(), stack.whatsapp.addPhone()];
      for (const phone of phones) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await account.handset.send(phone, `to ${phone.number}`, how);
      }
      const isKnown = how.alternate === 'recipient';
      for (const phone of phones) {
        // oxlint-disable-next-line no-await-in-loop -- two
        expect(await chats.textsWith(phone)).toEqual([`to ${phone.number}`]);
        // oxlint-disable-next-line no-await-in-loop -- two
        expect(await chats.chatsWith(phone)).toMatchObject([
          {
            contact: how.addressing === 'pn' || isKnown ? phone.jid : phone.lid,
            alternate_contact: isKnown ? phone.lid : null,
          },
        ]);
      }
      expect(await chats.chatsWith(account)).toEqual([]);
    },
  );

  test('the client keeps the LID of the account', async () => {
    const phone = stack.whatsapp.addPhone();
    await account.handset.send(phone, 'hello', { addressing: 'lid', alternate: 'own' });
    const [user] = account.lid.split('@');
    const mappings = await stack.rows(
      `select id, value from whatsapp_keys where session_id = 'shop' and type = 'lid-mapping' and id in ($1, $2)`,
      [account.number, `${phone.lid.split('@')[0]}_reverse`],
    );
    expect(mappings).toEqual([{ id: account.number, value: user }]);
    // A contact that is known by LID alone stays so.
    await phone.sendText(account, 'who is it?', { addressing: 'lid-only' });
    expect(await chats.chatsWith(phone)).toMatchObject([{ contact: phone.lid, alternate_contact: null }]);
  });
});

test('a message that another session of the account sends is not stored as one of the phone', async () => {
  const shared = await stack.pair(replica, 'first-of-two');
  await stack.pair(replica, 'second-of-two', shared.number);
  const phone = stack.whatsapp.addPhone();
  const sent = await replica.send({ session: 'second-of-two', chatId: phone.jid, text: 'by us' }, 'echoed');
  expect(sent.status).toBe(200);
  await phone.nextText({ where: ({ text }) => text === 'by us' });
  await expect.poll(() => shared.pending, SOON).toBe(0);
  expect(await chats.chatsWith(phone, 'first-of-two')).toEqual([]);
  await shared.handset.send(phone, 'by hand');
  for (const session of ['first-of-two', 'second-of-two']) {
    // oxlint-disable-next-line no-await-in-loop -- two
    await expect.poll(() => chats.messagesWith(phone, session), SOON).toMatchObject([{ text: 'by hand' }]);
  }
});

describe('a note to oneself from the account of a person of the business', () => {
  test('is stored as an inbound message with its job, and not counted', async () => {
    await stack.rows(
      `insert into people (business_id, name, role, phone_number) values ('default', 'Rina', 'owner', $1)`,
      [account.number],
    );
    await account.handset.send('self', '1');
    await account.handset.send('self', '2', { addressing: 'lid', alternate: 'own' });
    expect(await chats.chatsWith(account)).toMatchObject([
      { contact: account.jid, alternate_contact: account.lid, contact_name: null, state: 'agent' },
    ]);
    const incoming = { direction: 'inbound', author: 'person', status: 'received', kind: 'text', jobs: 1 };
    expect(await chats.messagesWith(account)).toMatchObject([
      { ...incoming, text: '1' },
      { ...incoming, text: '2' },
    ]);
    await chats.allStored();
    await chats.expectCounted();
  });

  test('can be answered', async () => {
    const [{ address }] = (await chats.messagesWith(account)) as [Message];
    const sent = await replica.send({ session: 'shop', chatId: address, text: 'it is yours' }, 'notice');
    expect(sent.status).toBe(200);
    await expect
      .poll(() => account.sent, SOON)
      .toContainEqual(expect.objectContaining({ to: account.jid, text: 'it is yours' }));
    await chats.allStored();
    expect((await chats.messagesWith(account)).map(({ text }) => text)).toEqual(['1', '2']);
  });

  test('is not stored once the person is revoked', async () => {
    const before = (await chats.messagesWith(account)).length;
    await stack.rows('update people set revoked_at = now()');
    await account.handset.send('self', '1');
    await chats.allStored();
    expect(await chats.messagesWith(account)).toHaveLength(before);
  });
});

test('a message of the phone that PostgreSQL can never store is skipped', async () => {
  const phone = await chats.customer();
  await stack.rows(
    `create function refuse() returns trigger language plpgsql as $$
     begin raise exception 'not storable' using errcode = '22000'; end $$`,
  );
  await stack.rows(
    `create trigger refuse before insert on messages for each row when (new.text = 'refused') execute function refuse()`,
  );
  await account.handset.send(phone, 'refused');
  await account.handset.send(phone, 'stored');
  expect(await chats.textsWith(phone)).toEqual(['are you open?', 'stored']);
  expect(await stack.rows('select 1 from unstored_messages')).toEqual([]);
  expect((await replica.session('shop')).status).toBe('WORKING');
});
