import type { Account, Phone } from '@prosaas/simulators';
import { expect } from 'vitest';
import { readCounters } from './counters.ts';
import { type Stack, SOON } from './harness.ts';

interface Chat {
  contact: string;
  alternate_contact: string | null;
  contact_name: string | null;
  state: string;
  state_reason: string | null;
}

export interface Message {
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

export const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

/** The stored chats of the account that is paired as the session "shop". */
export class PhoneChats {
  readonly #stack: Stack;
  readonly #account: Account;

  constructor(stack: Stack, account: Account) {
    this.#stack = stack;
    this.#account = account;
  }

  chatsWith(phone: Pick<Phone, 'jid' | 'lid'>, session = 'shop'): Promise<Chat[]> {
    return this.#stack.rows(
      `select contact, alternate_contact, contact_name, state, state_reason from conversations
       where session_id = $3 and (contact in ($1, $2) or alternate_contact in ($1, $2))`,
      [phone.jid, phone.lid, session],
    );
  }

  async stateOf(phone: Phone): Promise<string | undefined> {
    const chats = await this.chatsWith(phone);
    expect(chats).toHaveLength(1);
    return chats[0]?.state;
  }

  messagesWith(phone: Pick<Phone, 'jid' | 'lid'>, session = 'shop'): Promise<Message[]> {
    return this.#stack.rows(
      `select direction, author, kind, messages.status, text, external_id, address, account, sent_at,
         (select count(*)::int from jobs where message_id = messages.id) as jobs
       from messages join conversations on conversations.id = conversation_id
       where conversations.session_id = $3 and (contact in ($1, $2) or alternate_contact in ($1, $2)) order by messages.seq`,
      [phone.jid, phone.lid, session],
    );
  }

  async textsWith(phone: Phone): Promise<string[]> {
    return (await this.messagesWith(phone)).map(({ text }) => text);
  }

  /** A customer who asked a question a minute ago. */
  async customer(): Promise<Phone> {
    const phone = this.#stack.whatsapp.addPhone({ pushName: 'Dana' });
    await phone.sendText(this.#account, 'are you open?', { sentAt: minutesAgo(1) });
    return phone;
  }

  /** Resolves when all earlier messages are stored: sends one from a customer, which is handled after them. */
  async allStored(): Promise<void> {
    await this.#stack.whatsapp.addPhone().sendText(this.#account, 'the end');
  }

  /** Checks that the counters hold messages of customers and sends only. */
  async expectCounted(): Promise<void> {
    const [messages] = await this.#stack.rows(
      `select (select count(*)::int from messages where author = 'customer') as inbound,
         (select count(*)::int from whatsapp_sends where status = 'sent') as outbound`,
    );
    await expect.poll(() => readCounters(this.#stack), SOON).toMatchObject(messages as object);
  }
}
