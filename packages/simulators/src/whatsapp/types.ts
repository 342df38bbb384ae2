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
  /** JID that it was written to. */
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
  /** What the account's own handset shows as sent by its companions. */
  readonly sent: readonly SentText[];
  readonly handset: OwnPhone;
}

/** The phone of an account, with which its owner writes. */
export interface OwnPhone {
  /**
   * The companions get a copy as of a message of their own (`fromMe`): from the account, with the chat as `recipient`, the content in
   * a `deviceSentMessage`. Resolves when the first of them has acknowledged it.
   */
  send(
    to: HandsetRecipient,
    content: string | proto.IMessage,
    options?: HandsetSendOptions,
  ): Promise<{ id: string }>;
  /** Delivers a copy once more under the same id, encrypted afresh. */
  redeliver(id: string): Promise<void>;
  /** What the WhatsApp Business app answers to customers by itself from now on. */
  answerAutomatically(replies: AutomaticReplies): void;
  /** Sends the companions a history with these texts in it, as a phone does after a pairing or when asked. */
  shareHistory(texts: readonly WrittenText[]): Promise<void>;
}

/** A customer; the chat with oneself; a group, in which nobody else is. */
export type HandsetRecipient = Phone | 'self' | 'group';

export interface HandsetSendOptions {
  id?: string;
  /** By which kind of address the copy names the account and the recipient: the phone number, by default, or the LID. */
  addressing?: 'pn' | 'lid';
  /** Whose other address the server adds: the recipient's (the default), the account's own, or nobody's. */
  alternate?: 'recipient' | 'own' | 'none';
  /** When it was written, if not now. */
  sentAt?: Date;
  /** False: resolve when the server has it, not when a companion has acknowledged it. */
  awaitDelivery?: boolean;
  /** Deliver bytes the client cannot decrypt, so that it has to ask again. */
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
  /** Deliver bytes the client cannot decrypt, so that it has to ask again. */
  corruptFirst?: boolean;
  /** When it was written, if not now. */
  sentAt?: Date;
  /** Deliver a stanza without the content, as the server does for some messages; `redeliver` brings it. */
  withoutContent?: boolean;
}

/** A client asked a phone for one of its messages once more. */
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
  /** How many messages with an id it had already came in. */
  readonly repeats: number;
  /** How many messages it could not decrypt, and asked for again. */
  readonly unreadable: number;
  /** Each time that a client could not read a message of this phone's. */
  readonly repeatRequests: readonly RepeatRequest[];
  /** Resolves when the client has acknowledged the delivery. */
  sendText(to: Account, text: string, options?: SendOptions): Promise<{ id: string }>;
  /** Sends anything else, such as a picture. */
  sendContent(to: Account, content: proto.IMessage, options?: SendOptions): Promise<{ id: string }>;
  /** Takes back a message it sent: a protocol message, no text. */
  revoke(to: Account, id: string): Promise<{ id: string }>;
  /**
   * Delivers a message it sent once more under the same id: the same bytes, as a server does that missed the
   * acknowledgement (the client refuses them), or encrypted afresh, as a sender does that was asked to repeat.
   */
  redeliver(to: Account, id: string, options?: { ciphertext?: 'same' | 'fresh' }): Promise<void>;
  /** Blue ticks for a message it received. */
  markRead(id: string): Promise<void>;
  /** Resolves with the first text from now on, or already there and not yet returned, that matches. */
  nextText(options?: { timeoutMs?: number; where?: (text: ReceivedText) => boolean }): Promise<ReceivedText>;
  waitForCount(count: number, options?: { timeoutMs?: number }): Promise<void>;
  /** Forgets its Signal sessions, so that it has to ask for a retry of the next message. */
  forgetSessions(): void;
  /** It cannot read the next so many copies of messages that come in, whatever they are encrypted with. */
  failToRead(copies: number): void;
  /** The server does not answer who asks for its keys, until this is undone. */
  withholdKeys(on: boolean): void;
  /** Its number is not on WhatsApp any more: messages to it are refused. */
  leave(): void;
  /** Reads nothing and sends nothing until it is switched on; what comes meanwhile waits. */
  switchOff(): void;
  switchOn(): void;
}
