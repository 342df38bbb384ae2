import { proto } from '@whiskeysockets/baileys';
import type { Account, HandsetRecipient, Phone } from '@prosaas/simulators';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCounters } from './counters.ts';
import { type Replica, Stack, SOON } from './harness.ts';

let stack: Stack;
let replica: Replica;
let account: Account;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica();
  account = await stack.pair(replica, 'shop');
});
afterAll(() => stack[Symbol.asyncDispose]());

interface Chat {
  contact: string;
  alternate_contact: string | null;
  contact_name: string | null;
  state: string;
  state_reason: string | null;
}

const chatsWith = (phone: Pick<Phone, 'jid' | 'lid'>, session = 'shop'): Promise<Chat[]> =>
  stack.rows(
    `select contact, alternate_contact, contact_name, state, state_reason from conversations
     where session_id = $3 and (contact in ($1, $2) or alternate_contact in ($1, $2))`,
    [phone.jid, phone.lid, session],
  );

async function stateOf(phone: Phone): Promise<string | undefined> {
  const chats = await chatsWith(phone);
  expect(chats).toHaveLength(1);
  return chats[0]?.state;
}

interface Message {
  direction: string;
  author: string | null;
  kind: string;
  status: string;
  text: string;
  external_id: string;
  address: string | null;
  account: string | null;
  sent_at: Date;
  jobs: number;
}

const messagesWith = (phone: Pick<Phone, 'jid' | 'lid'>, session = 'shop'): Promise<Message[]> =>
  stack.rows(
    `select direction, author, kind, messages.status, text, external_id, address, account, sent_at,
       (select count(*)::int from jobs where message_id = messages.id) as jobs
     from messages join conversations on conversations.id = conversation_id
     where conversations.session_id = $3 and (contact in ($1, $2) or alternate_contact in ($1, $2)) order by messages.seq`,
    [phone.jid, phone.lid, session],
  );

const textsWith = async (phone: Phone): Promise<string[]> =>
  (await messagesWith(phone)).map(({ text }) => text);

const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

/** A customer who asked something a minute ago. */
async function customer(): Promise<Phone> {
  const phone = stack.whatsapp.addPhone({ pushName: 'Dana' });
  await phone.sendText(account, 'are you open?', { sentAt: minutesAgo(1) });
  return phone;
}

/** What the account's phone wrote before a customer's message is stored when that is. */
const settled = async (): Promise<void> => {
  await stack.whatsapp.addPhone().sendText(account, 'the end');
};

/** Only what customers write and what we send is counted. */
async function expectCounted(): Promise<void> {
  const [messages] = await stack.rows(
    `select (select count(*)::int from messages where author = 'customer') as inbound,
       (select count(*)::int from whatsapp_sends where status = 'sent') as outbound`,
  );
  await expect.poll(() => readCounters(stack), SOON).toMatchObject(messages as object);
}

describe('the owner answers from her own phone', () => {
  test('it is a message of the conversation, and the chat is hers', async () => {
    const phone = await customer();
    const sentAt = new Date(Math.floor(Date.now() / 1000) * 1000 - 5000);
    const { id } = await account.handset.send(phone, 'yes, till nine', { sentAt });
    expect((await messagesWith(phone))[1]).toEqual({
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
    expect(await chatsWith(phone)).toEqual([
      {
        contact: phone.jid,
        alternate_contact: phone.lid,
        contact_name: 'Dana',
        state: 'person',
        state_reason: 'phone',
      },
    ]);
  });

  test('the question is answered by that, and an answer of the agent that was not sent is dropped', async () => {
    const phone = await customer();
    await stack.rows(
      `insert into messages (business_id, conversation_id, session_id, direction, status, author, text, in_reply_to)
       select business_id, conversation_id, session_id, 'outbound', 'queued', 'agent', 'we are', messages.id
       from messages where conversation_id = (select id from conversations where contact = $1)`,
      [phone.jid],
    );
    await account.handset.send(phone, 'yes, till nine');
    const statuses = (await messagesWith(phone)).map(({ text, status }) => [text, status]);
    expect(statuses).toEqual([
      ['are you open?', 'answered'],
      ['we are', 'ignored'],
      ['yes, till nine', 'sent'],
    ]);
  });

  test('it is in neither counter of WhatsApp messages', async () => {
    const phone = stack.whatsapp.addPhone();
    await account.handset.send(phone, 'a word');
    await settled();
    await expectCounted();
    expect(await textsWith(phone)).toEqual(['a word']);
  });

  test('delivered twice it is one message', async () => {
    const phone = await customer();
    const { id } = await account.handset.send(phone, 'once');
    await account.handset.redeliver(id);
    expect(await textsWith(phone)).toEqual(['are you open?', 'once']);
  });

  test('what cannot be decrypted is asked for again, and stored once', async () => {
    const phone = await customer();
    await account.handset.send(phone, 'garbled', { corruptFirst: true });
    await expect.poll(() => textsWith(phone), SOON).toEqual(['are you open?', 'garbled']);
    expect(await stack.rows('select 1 from unstored_messages')).toEqual([]);
  });

  test('to somebody who never wrote, it opens a conversation that is hers, without the name of the account', async () => {
    const phone = stack.whatsapp.addPhone();
    await account.handset.send(phone, 'your order is ready');
    expect(await chatsWith(phone)).toEqual([
      {
        contact: phone.jid,
        alternate_contact: phone.lid,
        contact_name: null,
        state: 'person',
        state_reason: 'phone',
      },
    ]);
  });

  test('a picture is a message, too', async () => {
    const phone = await customer();
    await account.handset.send(phone, { imageMessage: { caption: 'our menu' } });
    expect((await messagesWith(phone))[1]).toMatchObject({ kind: 'image', text: '[image] our menu' });
    expect(await stateOf(phone)).toBe('person');
  });

  test('written while nobody was connected, it is stored and takes over at the next start', async () => {
    const phone = await customer();
    await replica[Symbol.asyncDispose]();
    await account.handset.send(phone, 'in between', { awaitDelivery: false });
    replica = await stack.replica();
    await expect.poll(() => textsWith(phone), SOON).toEqual(['are you open?', 'in between']);
    expect(await stateOf(phone)).toBe('person');
  });
});

describe('only the recipient tells whose conversation it is', () => {
  const addresses = (['pn', 'lid'] as const).flatMap((addressing) =>
    (['recipient', 'own', 'none'] as const).map((alternate) => ({ addressing, alternate })),
  );

  test.each(addresses)('$addressing, with the other address: $alternate', async (how) => {
    const phones = [await customer(), await customer()];
    for (const phone of phones) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await account.handset.send(phone, `to ${phone.number}`, how);
    }
    for (const phone of phones) {
      // oxlint-disable-next-line no-await-in-loop -- two
      expect(await textsWith(phone)).toEqual(['are you open?', `to ${phone.number}`]);
      // oxlint-disable-next-line no-await-in-loop -- two
      expect(await chatsWith(phone)).toMatchObject([{ contact: phone.jid, alternate_contact: phone.lid }]);
    }
    expect(await chatsWith(account)).toEqual([]);
  });

  test.each(addresses)('$addressing, $alternate, to those who never wrote', async (how) => {
    const phones = [stack.whatsapp.addPhone(), stack.whatsapp.addPhone()];
    for (const phone of phones) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await account.handset.send(phone, `to ${phone.number}`, how);
    }
    const isKnown = how.alternate === 'recipient';
    for (const phone of phones) {
      // oxlint-disable-next-line no-await-in-loop -- two
      expect(await textsWith(phone)).toEqual([`to ${phone.number}`]);
      // oxlint-disable-next-line no-await-in-loop -- two
      expect(await chatsWith(phone)).toMatchObject([
        {
          contact: how.addressing === 'pn' || isKnown ? phone.jid : phone.lid,
          alternate_contact: isKnown ? phone.lid : null,
        },
      ]);
    }
    expect(await chatsWith(account)).toEqual([]);
  });

  test('the client goes on knowing the LID of the account', async () => {
    const phone = stack.whatsapp.addPhone();
    await account.handset.send(phone, 'hello', { addressing: 'lid', alternate: 'own' });
    const [user] = account.lid.split('@');
    const mappings = await stack.rows(
      `select id, value from whatsapp_keys where session_id = 'shop' and type = 'lid-mapping' and id in ($1, $2)`,
      [account.number, `${phone.lid.split('@')[0]}_reverse`],
    );
    expect(mappings).toEqual([{ id: account.number, value: user }]);
    // Who is known by the LID alone stays so.
    await phone.sendText(account, 'who is it?', { addressing: 'lid-only' });
    expect(await chatsWith(phone)).toMatchObject([{ contact: phone.lid, alternate_contact: null }]);
  });
});

describe('what does not take a chat over', () => {
  test('written more than ten minutes before it arrives: it is stored', async () => {
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, 'are you open?', { sentAt: minutesAgo(20) });
    await account.handset.send(phone, 'yes', { sentAt: minutesAgo(11) });
    expect(await textsWith(phone)).toEqual(['are you open?', 'yes']);
    expect(await stateOf(phone)).toBe('agent');
  });

  test('the greeting and the excuse of the WhatsApp Business app', async () => {
    account.handset.answerAutomatically({ greeting: 'Welcome!', away: 'We are closed now.' });
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, 'hello');
    account.handset.answerAutomatically({});
    await expect.poll(() => textsWith(phone), SOON).toEqual(['hello', 'Welcome!', 'We are closed now.']);
    expect(await stateOf(phone)).toBe('agent');
    expect((await messagesWith(phone))[0]?.status).toBe('received');
  });

  test('a greeting that comes before the message that it answers, which could not be read at first', async () => {
    account.handset.answerAutomatically({ greeting: 'Welcome again!' });
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, 'hello', { corruptFirst: true });
    account.handset.answerAutomatically({});
    await expect.poll(() => textsWith(phone), SOON).toEqual(['Welcome again!', 'hello']);
    expect(await stateOf(phone)).toBe('agent');
    expect((await messagesWith(phone))[1]).toMatchObject({ status: 'received', jobs: 1 });
  });

  test('the same text in a third chat: those it had taken over before are given back', async () => {
    const phones = [await customer(), await customer(), await customer(), await customer()];
    const [first, second, third, fourth] = phones as [Phone, Phone, Phone, Phone];
    const text = 'We will get back to you.';
    await account.handset.send(first, text);
    await account.handset.send(second, text);
    expect([await stateOf(first), await stateOf(second)]).toEqual(['person', 'person']);
    // In this one a person has written as well.
    await account.handset.send(second, 'Dana, I am on my way');
    await account.handset.send(third, text);
    await account.handset.send(fourth, text);
    const states = await Promise.all(phones.map((phone) => stateOf(phone)));
    expect(states).toEqual(['agent', 'person', 'agent', 'agent']);
    expect(
      await stack.rows(
        `select event, from_state, to_state, actor, reason from conversation_events
         where conversation_id = (select id from conversations where contact = $1) order by id`,
        [first.jid],
      ),
    ).toEqual([
      { event: 'person_wrote', from_state: 'agent', to_state: 'person', actor: 'phone', reason: null },
      {
        event: 'given_back',
        from_state: 'person',
        to_state: 'agent',
        actor: 'system',
        reason: 'automatic_message',
      },
    ]);
  });

  test('the same text in a third chat, where somebody has taken over one of the first meanwhile', async () => {
    const [first, second, third] = [await customer(), await customer(), await customer()];
    const text = 'You will hear from us.';
    await account.handset.send(first, text);
    await account.handset.send(second, text);
    await stack.rows(
      `insert into conversation_events (business_id, conversation_id, event, from_state, to_state, actor)
       select business_id, id, 'taken_over', 'person', 'person', 'person' from conversations where contact = $1`,
      [first.jid],
    );
    await account.handset.send(third, text);
    const states = await Promise.all([first, second, third].map((phone) => stateOf(phone)));
    expect(states).toEqual(['person', 'agent', 'agent']);
  });

  test('pictures without a caption are not the same text', async () => {
    const phones = [await customer(), await customer(), await customer()];
    for (const phone of phones) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await account.handset.send(phone, { imageMessage: {} });
    }
    expect(await Promise.all(phones.map((phone) => stateOf(phone)))).toEqual(['person', 'person', 'person']);
  });

  test('a reaction, an edit, a deletion: they are no messages', async () => {
    const phone = await customer();
    const [{ external_id }] = (await messagesWith(phone)) as [Message];
    const key = { remoteJid: phone.jid, fromMe: true, id: '3AFFFF' };
    const { MESSAGE_EDIT, REVOKE } = proto.Message.ProtocolMessage.Type;
    const edited = { conversation: 'other words' };
    await account.handset.send(phone, {
      reactionMessage: { key: { ...key, fromMe: false, id: external_id }, text: '👍' },
    });
    await account.handset.send(phone, {
      editedMessage: {
        message: { protocolMessage: { type: MESSAGE_EDIT, key, editedMessage: edited } },
      },
    });
    await account.handset.send(phone, { protocolMessage: { type: REVOKE, key } });
    await settled();
    expect(await textsWith(phone)).toEqual(['are you open?']);
    expect(await stateOf(phone)).toBe('agent');
  });

  test.each<[string, HandsetRecipient]>([
    ['a group', 'group'],
    ['a note to oneself', 'self'],
  ])('%s: it is not stored', async (_name, to) => {
    const before = await stack.rows('select 1 from messages');
    await account.handset.send(to, 'a word');
    await settled();
    expect(await stack.rows('select 1 from messages')).toHaveLength(before.length + 1);
    expect(await chatsWith(account)).toEqual([]);
  });

  test('history', async () => {
    const phone = stack.whatsapp.addPhone();
    await account.handset.shareHistory([{ to: phone, text: 'last year', sentAt: minutesAgo(1) }]);
    await settled();
    expect(await chatsWith(phone)).toEqual([]);
  });
});

test('what another session of the same account sends is not stored as its phone’s, what the phone writes is', async () => {
  const shared = await stack.pair(replica, 'first-of-two');
  await stack.pair(replica, 'second-of-two', shared.number);
  const phone = stack.whatsapp.addPhone();
  const sent = await replica.send({ session: 'second-of-two', chatId: phone.jid, text: 'by us' }, 'echoed');
  expect(sent.status).toBe(200);
  await phone.nextText({ where: ({ text }) => text === 'by us' });
  await expect.poll(() => shared.pending, SOON).toBe(0);
  expect(await chatsWith(phone, 'first-of-two')).toEqual([]);
  await shared.handset.send(phone, 'by hand');
  for (const session of ['first-of-two', 'second-of-two']) {
    // oxlint-disable-next-line no-await-in-loop -- two
    await expect.poll(() => messagesWith(phone, session), SOON).toMatchObject([{ text: 'by hand' }]);
  }
});

describe("a note to oneself, where the account's number is that of a person of the business", () => {
  test('is an incoming message with its job, for what answers notices, and in no counter', async () => {
    await stack.rows(
      `insert into people (business_id, name, role, phone_number) values ('default', 'Rina', 'owner', $1)`,
      [account.number],
    );
    await account.handset.send('self', '1');
    await account.handset.send('self', '2', { addressing: 'lid', alternate: 'own' });
    expect(await chatsWith(account)).toMatchObject([
      { contact: account.jid, alternate_contact: account.lid, contact_name: null, state: 'agent' },
    ]);
    const incoming = { direction: 'inbound', author: 'person', status: 'received', kind: 'text', jobs: 1 };
    expect(await messagesWith(account)).toMatchObject([
      { ...incoming, text: '1' },
      { ...incoming, text: '2' },
    ]);
    await settled();
    await expectCounted();
  });

  test('can be answered', async () => {
    const [{ address }] = (await messagesWith(account)) as [Message];
    const sent = await replica.send({ session: 'shop', chatId: address, text: 'it is yours' }, 'notice');
    expect(sent.status).toBe(200);
    await expect
      .poll(() => account.sent, SOON)
      .toContainEqual(expect.objectContaining({ to: account.jid, text: 'it is yours' }));
    await settled();
    expect((await messagesWith(account)).map(({ text }) => text)).toEqual(['1', '2']);
  });

  test('is not stored once she is revoked', async () => {
    const before = (await messagesWith(account)).length;
    await stack.rows('update people set revoked_at = now()');
    await account.handset.send('self', '1');
    await settled();
    expect(await messagesWith(account)).toHaveLength(before);
  });
});

test('one that PostgreSQL can never store is left out, and the session goes on', async () => {
  const phone = await customer();
  await stack.rows(
    `create function refuse() returns trigger language plpgsql as $$
     begin raise exception 'not storable' using errcode = '22000'; end $$`,
  );
  await stack.rows(
    `create trigger refuse before insert on messages for each row when (new.text = 'refused') execute function refuse()`,
  );
  await account.handset.send(phone, 'refused');
  await account.handset.send(phone, 'stored');
  expect(await textsWith(phone)).toEqual(['are you open?', 'stored']);
  expect(await stack.rows('select 1 from unstored_messages')).toEqual([]);
  expect((await replica.session('shop')).status).toBe('WORKING');
});
