import type { proto } from '@whiskeysockets/baileys';

/** A text as the receiving side shows it. */
export interface ReceivedText {
  readonly id: string;
  /** JID of the sender's user, in the addressing the sender used. */
  readonly from: string;
  readonly text: string;
  /** Unix milliseconds. */
  readonly at: number;
}

/** A text as the sending side shows it. */
export interface SentText extends ReceivedText {
  /** The JID that it was sent to. */
  readonly to: string;
}

/** A business account that a client has been paired with. */
export interface Account {
  readonly number: string;
  readonly jid: string;
  readonly lid: string;
  /** A companion is logged in. */
  readonly connected: boolean;
  /** Messages and receipts that no companion has acknowledged yet. */
  readonly pending: number;
  /** The texts that the account's own handset shows as sent by its companions. */
  readonly sent: readonly SentText[];
  readonly handset: OwnPhone;
}

/** The phone of an account, on which its owner writes. */
export interface OwnPhone {
  /**
   * Sends a message. The companions get a copy like one of their own (`fromMe`): from the account, with the chat as
   * `recipient`, and the content in a `deviceSentMessage`. Resolves when the first of them has acknowledged it.
   */
  send(
    to: HandsetRecipient,
    content: string | proto.IMessage,
    options?: HandsetSendOptions,
  ): Promise<{ id: string }>;
  /** Delivers a copy again under the same id, newly encrypted. */
  redeliver(id: string): Promise<void>;
  /** Sets the automatic replies of the WhatsApp Business app to customers. */
  answerAutomatically(replies: AutomaticReplies): void;
  /** Sends the companions a history with these texts in it, as a phone does after a pairing or when asked. */
  shareHistory(texts: readonly WrittenText[]): Promise<void>;
}

/** A customer, the chat with oneself, or a group without other members. */
export type HandsetRecipient = Phone | 'self' | 'group';

export interface HandsetSendOptions {
  id?: string;
  /** The kind of address that the copy has for the account and the recipient: phone number (the default) or LID. */
  addressing?: 'pn' | 'lid';
  /** Whose other address the server adds: the recipient's (the default), the account's own, or none. */
  alternate?: 'recipient' | 'own' | 'none';
  /** When it was written, if not now. */
  sentAt?: Date;
  /** False: resolve when the server has it, not when a companion has acknowledged it. */
  awaitDelivery?: boolean;
  /** Delivers bytes that the client can't decrypt at first, so that it sends a retry receipt. */
  corruptFirst?: boolean;
}

export interface AutomaticReplies {
  /** To a customer's first message. */
  greeting?: string;
  /** To every message. */
  away?: string;
}

/** A text that the owner wrote to a customer some time ago. */
export interface WrittenText {
  readonly to: Phone;
  readonly text: string;
  readonly sentAt: Date;
}

/**
 * How a message names its sender: by phone number with the LID beside it (the default), by LID with the phone
 * number beside it, or by LID alone.
 */
export type Addressing = 'pn' | 'lid' | 'lid-only';

export interface SendOptions {
  id?: string;
  addressing?: Addressing;
  /** False: resolve when the server has it, not when the client has acknowledged it. */
  awaitDelivery?: boolean;
  /** Delivers bytes that the client can't decrypt at first, so that it sends a retry receipt. */
  corruptFirst?: boolean;
  /** When it was written, if not now. */
  sentAt?: Date;
  /** Delivers a stanza without content, as WhatsApp does for some messages. `redeliver` brings the content. */
  withoutContent?: boolean;
}

/** A client asked a phone for one of its messages again. */
export interface RepeatRequest {
  readonly id: string;
  /** Unix milliseconds. */
  readonly at: number;
}

/** A customer's phone. */
export interface Phone {
  readonly number: string;
  readonly jid: string;
  readonly lid: string;
  readonly pushName: string;
  /** Texts it shows: a repeated id is shown once. */
  readonly received: ReadonlyArray<ReceivedText>;
  /** How many messages it received whose id it had already. */
  readonly repeats: number;
  /** How many messages it could not decrypt, and asked for again. */
  readonly unreadable: number;
  /** The retry receipts of clients for messages of this phone. */
  readonly repeatRequests: readonly RepeatRequest[];
  /** Resolves when the client has acknowledged the delivery. */
  sendText(to: Account, text: string, options?: SendOptions): Promise<{ id: string }>;
  /** Sends anything else, such as a picture. */
  sendContent(to: Account, content: proto.IMessage, options?: SendOptions): Promise<{ id: string }>;
  /** Deletes a message that it sent, by a protocol message. */
  revoke(to: Account, id: string): Promise<{ id: string }>;
  /**
   * Delivers a message again under the same id. The same bytes: like a server that missed the acknowledgement; the client
   * refuses them. Newly encrypted: like a sender that got a retry receipt.
   */
  redeliver(to: Account, id: string, options?: { ciphertext?: 'same' | 'fresh' }): Promise<void>;
  /** Blue ticks for a message it received. */
  markRead(id: string): Promise<void>;
  /** Resolves with the first text from now on, or already there and not yet returned, that matches. */
  nextText(options?: { timeoutMs?: number; where?: (text: ReceivedText) => boolean }): Promise<ReceivedText>;
  waitForCount(count: number, options?: { timeoutMs?: number }): Promise<void>;
  /** Forgets its Signal sessions, so that it has to ask for a retry of the next message. */
  forgetSessions(): void;
  /** Makes the phone fail to decrypt the next `copies` messages that it receives. */
  failToRead(copies: number): void;
  /** Leaves queries for the phone's keys unanswered, until this is undone. */
  withholdKeys(on: boolean): void;
  /** Takes its number off WhatsApp: messages to it are refused. */
  leave(): void;
  /** Reads and sends nothing until it is switched on. Messages to it wait. */
  switchOff(): void;
  switchOn(): void;
}
