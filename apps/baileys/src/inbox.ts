import {
  type Database,
  type Queryable,
  type ReleasedJob,
  addPlaceholder,
  isPersonNumber,
  quarantineMessage,
  recordInbound,
  deletePlaceholder,
  touchSessionInbound,
} from '@prosaas/database';
import { type Logger, errorReason } from '@prosaas/runtime';
import type { WAMessage } from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';
import { userOf } from './chat-id.ts';
import { type InboundWrite, commitInbound } from './inbound-write.ts';
import { errorFields } from './error-fields.ts';
import {
  type InboundAddress,
  type InboundMessage,
  type AccountAddresses,
  type MessageOrigin,
  type PhoneOf,
  readAddress,
  readContent,
} from './inbound-message.ts';
import { reopenAndEnqueue } from './reopen-and-enqueue.ts';
import { DatabaseRetrier } from './database-retrier.ts';
import { returnIfAutomatic, storePhoneMessage } from './phone-messages.ts';
import { encodeRaw } from './raw-inbound.ts';

/** Ids of messages that are stored or quarantined, kept in memory to skip repeats. */
const HANDLED_IDS = 5000;
/** Messages that wait in memory for the database, because they did not come with the transaction of their keys. */
const MAX_WAITING = 1000;
/** How often the time of the last inbound message is saved. */
const SAVE_TIME_EVERY_MS = 5000;

export interface InboxOptions {
  db: Database;
  sessionId: string;
  businessId: string;
  /** The session's account; undefined before the pairing. */
  me: () => AccountAddresses | undefined;
  signal: AbortSignal;
  log: Logger;
  /** A message was stored for the first time. */
  onStored: (stored: StoredMessage) => void;
  /** A message is kept in `unstored_messages`: in quarantine, or pending until its content comes. */
  onUnstored: (event: 'quarantined' | 'pending') => void;
  onError: () => void;
}

interface StoredMessage {
  origin: MessageOrigin;
  /** Its job, unless it has none or has to wait for an earlier job of the conversation. */
  released: ReleasedJob | undefined;
  /** Since its stanza arrived, where that is known. */
  tookMs: number | undefined;
}

/**
 * Stores the messages that people write to one session, and those that the account's owner writes from the phone: each
 * once, with its job.
 */
export class Inbox {
  lastInboundAt: Date | undefined;
  readonly #options: InboxOptions;
  readonly #handled = new LRUCache<string, true>({ max: HANDLED_IDS });
  readonly #retrier: DatabaseRetrier;
  #waiting = 0;
  #timeSavedAt = 0;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#retrier = new DatabaseRetrier({ signal: options.signal });
  }

  /**
   * The write that has to be committed with the keys of a decrypted message; undefined when there is nothing to store.
   *
   * @param content the decrypted bytes
   * @param arrivedAt when the stanza arrived, by `performance.now()`
   */
  async prepareWrite(
    message: WAMessage,
    phoneOf: PhoneOf,
    { content, arrivedAt }: { content: Uint8Array; arrivedAt: number },
  ): Promise<InboundWrite | undefined> {
    const address = await readAddress(message, { me: this.#options.me(), phoneOf });
    return address && this.#inboundWrite(address, message, { content, arrivedAt });
  }

  #inboundWrite(
    address: InboundAddress,
    message: WAMessage,
    { content, arrivedAt }: { content?: Uint8Array; arrivedAt?: number } = {},
  ): InboundWrite {
    const raw = (): Uint8Array => encodeRaw(message, content);
    let read: InboundMessage | undefined;
    try {
      read = readContent(message, address);
    } catch (error) {
      // A bug of this version: a later one may read the message.
      return { store: (tx) => this.#quarantine(tx, address, raw(), error) };
    }
    if (!read) return { store: (tx) => this.#removePending(tx, address) };
    const inbound = read;
    let written: Written | undefined;
    return {
      store: async (tx) => {
        written = (await this.#write(tx, inbound)) ?? written;
        return () => this.#onStored(inbound, written, arrivedAt);
      },
      quarantine: (tx, error) => this.#quarantine(tx, address, raw(), error),
    };
  }

  /** Records, in the caller's transaction, a message that is acknowledged before its content has come. */
  async writePending(tx: Queryable, address: InboundAddress, reason: string): Promise<() => void> {
    const { sessionId, businessId, onUnstored, log } = this.#options;
    const isNew = await addPlaceholder(tx, { sessionId, businessId, ...address, reason });
    return () => {
      if (!isNew) return;
      onUnstored('pending');
      log.info({ message_id: address.externalId, reason }, 'a message arrived without readable content');
    };
  }

  /**
   * Stores a message that the client emits. Nearly always `prepareWrite` has led to its being stored already. A message
   * that is new here was acknowledged before: the account's phone sent it again because it could not be decrypted. So it
   * waits in memory while the database is unavailable.
   */
  async accept(message: WAMessage, phoneOf: PhoneOf): Promise<void> {
    const address = await readAddress(message, { me: this.#options.me(), phoneOf });
    if (!address || this.#handled.has(keyOf(address))) return;
    const { db, log, onError, signal } = this.#options;
    if (this.#waiting >= MAX_WAITING) {
      onError();
      log.error(
        { message_id: address.externalId },
        'a message is lost: too many messages wait for the database',
      );
      return;
    }
    this.#waiting += 1;
    try {
      const write = this.#inboundWrite(address, message);
      const afterCommit = await this.#retrier.run(() => commitInbound(db, write));
      afterCommit();
    } catch (error) {
      if (!signal.aborted) onError();
      const why = signal.aborted ? errorReason(error) : errorFields(error);
      log.error({ ...why, message_id: address.externalId }, 'an inbound message could not be stored');
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Stores a message in a transaction that it rolls back. Rejects when messages can't be stored. */
  async probeStorage(writeKey: (tx: Queryable) => Promise<void>): Promise<void> {
    const rollback = new Error('rolled back on purpose');
    try {
      await this.#options.db.transaction(async (tx) => {
        await writeKey(tx);
        await this.#write(tx, PROBE);
        throw rollback;
      });
    } catch (error) {
      if (error !== rollback) throw error;
    }
  }

  /** Undefined for a repeat, and for a note of somebody who is not a person of the business. */
  async #write(tx: Queryable, message: InboundMessage): Promise<Written | undefined> {
    const { sessionId, businessId, me, log } = this.#options;
    const account = userOf(me()?.id);
    const { origin, ...content } = message;
    const input = { sessionId, businessId, account, ...content };
    if (origin === 'phone') {
      const takeOver = await storePhoneMessage(tx, input);
      if (takeOver === undefined) return undefined;
      log.info(
        { message_id: message.externalId, effect: takeOver },
        "stored a message of the account's own phone",
      );
      return { released: undefined };
    }
    if (origin === 'self_chat' && !(await isNoteOfPerson(tx, { businessId, account }))) return undefined;
    const author = origin === 'customer' ? 'customer' : 'person';
    const recorded = await recordInbound(tx, { ...input, author });
    if (!recorded.fresh) return undefined;
    if (recorded.conversationState === 'person') await returnIfAutomatic(tx, recorded.message);
    return { released: await reopenAndEnqueue(tx, recorded) };
  }

  async #quarantine(
    tx: Queryable,
    address: InboundAddress,
    raw: Uint8Array,
    error: unknown,
  ): Promise<() => void> {
    const { sessionId, businessId, onUnstored, onError, log } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    if (address.origin !== 'customer') {
      return () => {
        onError();
        log.error(
          { message_id: address.externalId, reason },
          "a message of the account's own phone cannot be stored",
        );
      };
    }
    const isNew = await quarantineMessage(tx, { sessionId, businessId, ...address, reason, raw });
    return () => {
      this.#handled.set(keyOf(address), true);
      if (!isNew) return;
      onUnstored('quarantined');
      onError();
      log.error({ message_id: address.externalId, reason }, 'a message cannot be stored and is quarantined');
    };
  }

  async #removePending(tx: Queryable, address: InboundAddress): Promise<() => void> {
    await deletePlaceholder(tx, { sessionId: this.#options.sessionId, ...address });
    return () => void this.#handled.set(keyOf(address), true);
  }

  #onStored(message: InboundMessage, written: Written | undefined, arrivedAt: number | undefined): void {
    this.#handled.set(keyOf(message), true);
    if (written === undefined) return;
    const { origin } = message;
    const tookMs = arrivedAt && performance.now() - arrivedAt;
    this.#options.onStored({ origin, released: written.released, tookMs });
    if (origin !== 'customer') return;
    this.lastInboundAt = new Date();
    this.#saveTime(this.lastInboundAt);
  }

  #saveTime(at: Date): void {
    const { db, sessionId, log } = this.#options;
    if (at.getTime() - this.#timeSavedAt < SAVE_TIME_EVERY_MS) return;
    this.#timeSavedAt = at.getTime();
    touchSessionInbound(db, sessionId, at).catch((error: unknown) => {
      log.debug({ err: error }, 'the time of the last inbound message was not saved');
    });
  }
}

/** A message was stored for the first time. `released` is its job, unless that has to wait for another of the conversation. */
interface Written {
  released: ReleasedJob | undefined;
}

/** The contact can't exist: no phone number is a single digit. */
const PROBE: InboundMessage = {
  origin: 'customer',
  externalId: 'probe',
  contact: '0@s.whatsapp.net',
  text: 'probe',
  kind: 'text',
  sentAt: new Date(0),
};

const keyOf = ({ origin, contact, externalId }: InboundAddress): string =>
  `${origin}/${contact}/${externalId}`;

/** The account's number may be that of a person of the business, who then answers notices in the chat with herself. */
async function isNoteOfPerson(
  tx: Queryable,
  { businessId, account }: { businessId: string; account: string | undefined },
): Promise<boolean> {
  return account !== undefined && (await isPersonNumber(tx, { businessId, number: account }));
}
