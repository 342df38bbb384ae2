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

/** A customer who asked a question a minute ago. */
async function customer(): Promise<Phone> {
  const phone = stack.whatsapp.addPhone({ pushName: 'Dana' });
  await phone.sendText(account, 'are you open?', { sentAt: minutesAgo(1) });
  return phone;
}

/** Resolves when all earlier messages are stored: sends one from a customer, which is handled after them. */
const allStored = async (): Promise<void> => {
  await stack.whatsapp.addPhone().sendText(account, 'the end');
};

/** Checks that the counters hold messages of customers and sends only. */
async function expectCounted(): Promise<void> {
  const [messages] = await stack.rows(
    `select (select count(*)::int from messages where author = 'customer') as inbound,
       (select count(*)::int from whatsapp_sends where status = 'sent') as outbound`,
  );
  await expect.poll(() => readCounters(stack), SOON).toMatchObject(messages as object);
}

describe('a message of the owner from the phone', () => {
  test('is stored in the conversation and takes the chat over', async () => {
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

  test('answers the question, and drops an unsent answer of the agent', async () => {
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

  test('is not counted as inbound or outbound', async () => {
    const phone = stack.whatsapp.addPhone();
    await account.handset.send(phone, 'a word');
    await allStored();
    await expectCounted();
    expect(await textsWith(phone)).toEqual(['a word']);
  });

  test('is stored once when it is delivered twice', async () => {
    const phone = await customer();
    const { id } = await account.handset.send(phone, 'once');
    await account.handset.redeliver(id);
    expect(await textsWith(phone)).toEqual(['are you open?', 'once']);
  });

  test('is requested again and stored once when it cannot be decrypted', async () => {
    const phone = await customer();
    await account.handset.send(phone, 'garbled', { corruptFirst: true });
    await expect.poll(() => textsWith(phone), SOON).toEqual(['are you open?', 'garbled']);
    expect(await stack.rows('select 1 from unstored_messages')).toEqual([]);
  });

  test('opens a conversation with somebody who never wrote, without the name of the account', async () => {
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

  test('may be a picture', async () => {
    const phone = await customer();
    await account.handset.send(phone, { imageMessage: { caption: 'our menu' } });
    expect((await messagesWith(phone))[1]).toMatchObject({ kind: 'image', text: '[image] our menu' });
    expect(await stateOf(phone)).toBe('person');
  });

  test('is stored and takes the chat over at the next start when the service was down', async () => {
    const phone = await customer();
    await replica[Symbol.asyncDispose]();
    await account.handset.send(phone, 'in between', { awaitDelivery: false });
    replica = await stack.replica();
    await expect.poll(() => textsWith(phone), SOON).toEqual(['are you open?', 'in between']);
    expect(await stateOf(phone)).toBe('person');
  });
});

describe('the conversation follows from the recipient only', () => {
  const addresses = (['pn', 'lid'] as const).flatMap((addressing) =>
    (['recipient', 'own', 'none'] as const).map((alternate) => ({ addressing, alternate })),
  );

  test.each(addresses)('by $addressing, with the alternate address of: $alternate', async (how) => {
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
    expect(await chatsWith(phone)).toMatchObject([{ contact: phone.lid, alternate_contact: null }]);
  });
});

describe('does not take the chat over', () => {
  test('a message that arrives more than ten minutes late, which is stored', async () => {
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, 'are you open?', { sentAt: minutesAgo(20) });
    await account.handset.send(phone, 'yes', { sentAt: minutesAgo(11) });
    expect(await textsWith(phone)).toEqual(['are you open?', 'yes']);
    expect(await stateOf(phone)).toBe('agent');
  });

  test('the greeting and away messages of the WhatsApp Business app', async () => {
    account.handset.answerAutomatically({ greeting: 'Welcome!', away: 'We are closed now.' });
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, 'hello');
    account.handset.answerAutomatically({});
    await expect.poll(() => textsWith(phone), SOON).toEqual(['hello', 'Welcome!', 'We are closed now.']);
    expect(await stateOf(phone)).toBe('agent');
    expect((await messagesWith(phone))[0]?.status).toBe('received');
  });

  test('a greeting that is stored before the message that it answers', async () => {
    account.handset.answerAutomatically({ greeting: 'Welcome again!' });
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, 'hello', { corruptFirst: true });
    account.handset.answerAutomatically({});
    await expect.poll(() => textsWith(phone), SOON).toEqual(['Welcome again!', 'hello']);
    expect(await stateOf(phone)).toBe('agent');
    expect((await messagesWith(phone))[1]).toMatchObject({ status: 'received', jobs: 1 });
  });

  test('the same text in three chats, and the first two are returned to the agent', async () => {
    const phones = [await customer(), await customer(), await customer(), await customer()];
    const [first, second, third, fourth] = phones as [Phone, Phone, Phone, Phone];
    const text = 'We will get back to you.';
    await account.handset.send(first, text);
    await account.handset.send(second, text);
    expect([await stateOf(first), await stateOf(second)]).toEqual(['person', 'person']);
    // Here the owner has written another text, too.
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

  test('the same text in three chats, except in a chat that a person has taken over since', async () => {
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

  test('but pictures without a caption do, in any number of chats', async () => {
    const phones = [await customer(), await customer(), await customer()];
    for (const phone of phones) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await account.handset.send(phone, { imageMessage: {} });
    }
    expect(await Promise.all(phones.map((phone) => stateOf(phone)))).toEqual(['person', 'person', 'person']);
  });

  test('a reaction, an edit or a deletion, which are not stored', async () => {
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
    await allStored();
    expect(await textsWith(phone)).toEqual(['are you open?']);
    expect(await stateOf(phone)).toBe('agent');
  });

  test.each<[string, HandsetRecipient]>([
    ['a group', 'group'],
    ['oneself', 'self'],
  ])('a message to %s, which is not stored', async (_name, to) => {
    const before = await stack.rows('select 1 from messages');
    await account.handset.send(to, 'a word');
    await allStored();
    expect(await stack.rows('select 1 from messages')).toHaveLength(before.length + 1);
    expect(await chatsWith(account)).toEqual([]);
  });

  test('history, which is not stored', async () => {
    const phone = stack.whatsapp.addPhone();
    await account.handset.shareHistory([{ to: phone, text: 'last year', sentAt: minutesAgo(1) }]);
    await allStored();
    expect(await chatsWith(phone)).toEqual([]);
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
  expect(await chatsWith(phone, 'first-of-two')).toEqual([]);
  await shared.handset.send(phone, 'by hand');
  for (const session of ['first-of-two', 'second-of-two']) {
    // oxlint-disable-next-line no-await-in-loop -- two
    await expect.poll(() => messagesWith(phone, session), SOON).toMatchObject([{ text: 'by hand' }]);
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
    expect(await chatsWith(account)).toMatchObject([
      { contact: account.jid, alternate_contact: account.lid, contact_name: null, state: 'agent' },
    ]);
    const incoming = { direction: 'inbound', author: 'person', status: 'received', kind: 'text', jobs: 1 };
    expect(await messagesWith(account)).toMatchObject([
      { ...incoming, text: '1' },
      { ...incoming, text: '2' },
    ]);
    await allStored();
    await expectCounted();
  });

  test('can be answered', async () => {
    const [{ address }] = (await messagesWith(account)) as [Message];
    const sent = await replica.send({ session: 'shop', chatId: address, text: 'it is yours' }, 'notice');
    expect(sent.status).toBe(200);
    await expect
      .poll(() => account.sent, SOON)
      .toContainEqual(expect.objectContaining({ to: account.jid, text: 'it is yours' }));
    await allStored();
    expect((await messagesWith(account)).map(({ text }) => text)).toEqual(['1', '2']);
  });

  test('is not stored once the person is revoked', async () => {
    const before = (await messagesWith(account)).length;
    await stack.rows('update people set revoked_at = now()');
    await account.handset.send('self', '1');
    await allStored();
    expect(await messagesWith(account)).toHaveLength(before);
  });
});

test('a message of the phone that PostgreSQL can never store is skipped', async () => {
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
