/** A text as the receiving side shows it. */
export interface ReceivedText {
  readonly id: string;
  /** JID of the sender's user, in the addressing the sender used. */
  readonly from: string;
  readonly text: string;
  /** Unix milliseconds. */
  readonly at: number;
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
  readonly sent: ReadonlyArray<ReceivedText & { readonly to: string }>;
  /** Sends from the account's own handset: the companions get it as an echo of their own (`fromMe`). */
  sendFromHandset(to: Phone, text: string, options?: { id?: string }): Promise<{ id: string }>;
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
  /** Reads nothing and sends nothing until it is switched on; what comes meanwhile waits. */
  switchOff(): void;
  switchOn(): void;
}
