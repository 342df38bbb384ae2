import { proto } from '@whiskeysockets/baileys';
import type { Account, HandsetRecipient, Phone } from '@prosaas/simulators';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Stack, SOON } from './harness.ts';
import { type Message, PhoneChats, minutesAgo } from './phone-chats.ts';

let stack: Stack;
let account: Account;
let chats: PhoneChats;

beforeAll(async () => {
  stack = await Stack.start();
  account = await stack.pair(await stack.replica(), 'shop');
  chats = new PhoneChats(stack, account);
});
afterAll(() => stack[Symbol.asyncDispose]());

describe('does not take the chat over', () => {
  test('a message that arrives more than ten minutes late, which is stored', async () => {
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, 'are you open?', { sentAt: minutesAgo(20) });
    await account.handset.send(phone, 'yes', { sentAt: minutesAgo(11) });
    expect(await chats.textsWith(phone)).toEqual(['are you open?', 'yes']);
    expect(await chats.stateOf(phone)).toBe('agent');
  });

  test('the greeting and away messages of the WhatsApp Business app', async () => {
    account.handset.answerAutomatically({ greeting: 'Welcome!', away: 'We are closed now.' });
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, 'hello');
    account.handset.answerAutomatically({});
    await expect
      .poll(() => chats.textsWith(phone), SOON)
      .toEqual(['hello', 'Welcome!', 'We are closed now.']);
    expect(await chats.stateOf(phone)).toBe('agent');
    expect((await chats.messagesWith(phone))[0]?.status).toBe('received');
  });

  test('a greeting that is stored before the message that it answers', async () => {
    account.handset.answerAutomatically({ greeting: 'Welcome again!' });
    const phone = stack.whatsapp.addPhone();
    await phone.sendText(account, 'hello', { corruptFirst: true });
    account.handset.answerAutomatically({});
    await expect.poll(() => chats.textsWith(phone), SOON).toEqual(['Welcome again!', 'hello']);
    expect(await chats.stateOf(phone)).toBe('agent');
    expect((await chats.messagesWith(phone))[1]).toMatchObject({ status: 'received', jobs: 1 });
  });

  test('the same text in three chats, and the first two are returned to the agent', async () => {
    const phones = [
      await chats.customer(),
      await chats.customer(),
      await chats.customer(),
      await chats.customer(),
    ];
    const [first, second, third, fourth] = phones as [Phone, Phone, Phone, Phone];
    const text = 'We will get back to you.';
    await account.handset.send(first, text);
    await account.handset.send(second, text);
    expect([await chats.stateOf(first), await chats.stateOf(second)]).toEqual(['person', 'person']);
    // Here the owner has written another text, too.
    await account.handset.send(second, 'Dana, I am on my way');
    await account.handset.send(third, text);
    await account.handset.send(fourth, text);
    const states = await Promise.all(phones.map((phone) => chats.stateOf(phone)));
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
    const [first, second, third] = [await chats.customer(), await chats.customer(), await chats.customer()];
    const text = 'You will hear from us.';
    await account.handset.send(first, text);
    await account.handset.send(second, text);
    await stack.rows(
      `insert into conversation_events (business_id, conversation_id, event, from_state, to_state, actor)
       select business_id, id, 'taken_over', 'person', 'person', 'person' from conversations where contact = $1`,
      [first.jid],
    );
    await account.handset.send(third, text);
    const states = await Promise.all([first, second, third].map((phone) => chats.stateOf(phone)));
    expect(states).toEqual(['person', 'agent', 'agent']);
  });

  test('a reaction, an edit or a deletion, which are not stored', async () => {
    const phone = await chats.customer();
    const [{ external_id }] = (await chats.messagesWith(phone)) as [Message];
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
    await chats.allStored();
    expect(await chats.textsWith(phone)).toEqual(['are you open?']);
    expect(await chats.stateOf(phone)).toBe('agent');
  });

  test.each<[string, HandsetRecipient]>([
    ['a group', 'group'],
    ['oneself', 'self'],
  ])('a message to %s, which is not stored', async (_name, to) => {
    const before = await stack.rows('select 1 from messages');
    await account.handset.send(to, 'a word');
    await chats.allStored();
    expect(await stack.rows('select 1 from messages')).toHaveLength(before.length + 1);
    expect(await chats.chatsWith(account)).toEqual([]);
  });

  test('history, which is not stored', async () => {
    const phone = stack.whatsapp.addPhone();
    await account.handset.shareHistory([{ to: phone, text: 'last year', sentAt: minutesAgo(1) }]);
    await chats.allStored();
    expect(await chats.chatsWith(phone)).toEqual([]);
  });
});
