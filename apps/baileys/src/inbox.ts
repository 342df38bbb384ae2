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
import { type Along, commitAlong } from './commit-along.ts';
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
import { followInbound } from './follow-inbound.ts';
import { Patience } from './patience.ts';
import { giveBackIfAutomatic, storePhoneMessage } from './phone-messages.ts';
import { encodeRaw } from './raw-inbound.ts';

const REMEMBERED = 5000;
/** Messages that wait in memory for the database, having come past the transaction of their keys. */
const MAX_WAITING = 1000;
const TOUCH_EVERY_MS = 5000;

export interface InboxOptions {
  db: Database;
  sessionId: string;
  businessId: string;
  /** The session's account. */
  me: () => AccountAddresses | undefined;
  signal: AbortSignal;
  log: Logger;
  /** A message was stored for the first time. */
  onFresh: (fresh: FreshMessage) => void;
  /** A message is kept in another way for now: see `unstored_messages`. */
  onUnstored: (event: 'quarantined' | 'pending') => void;
  onError: () => void;
}

interface FreshMessage {
  origin: MessageOrigin;
  /** Its job, unless it has none or an older one of the conversation is still open. */
  released: ReleasedJob | undefined;
  /** Since its stanza came, where that is known. */
  tookMs: number | undefined;
}

/** Accepts what people write to one session, and what its owner writes from her phone: exactly once in effect, each with the job that follows from it. */
export class Inbox {
  lastInboundAt: Date | undefined;
  readonly #options: InboxOptions;
  readonly #settled = new LRUCache<string, true>({ max: REMEMBERED });
  readonly #patience: Patience;
  #waiting = 0;
  #touchedAt = 0;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#patience = new Patience({ signal: options.signal, limitMs: 60_000, onExhausted: () => {} });
  }

  /**
   * What has to be committed with the keys of a decrypted message; undefined when that is nothing.
   *
   * @param content its bytes
   * @param arrivedAt when its stanza came, by the process's monotonic clock
   */
  async along(
    message: WAMessage,
    phoneOf: PhoneOf,
    { content, arrivedAt }: { content: Uint8Array; arrivedAt: number },
  ): Promise<Along | undefined> {
    const address = await readAddress(message, { me: this.#options.me(), phoneOf });
    return address && this.#alongOf(address, message, { content, arrivedAt });
  }

  #alongOf(
    address: InboundAddress,
    message: WAMessage,
    { content, arrivedAt }: { content?: Uint8Array; arrivedAt?: number } = {},
  ): Along {
    const raw = (): Uint8Array => encodeRaw(message, content);
    let read: InboundMessage | undefined;
    try {
      read = readContent(message, address);
    } catch (error) {
      // A fault of this program: the next version may read it.
      return { store: (tx) => this.#quarantine(tx, address, raw(), error) };
    }
    if (!read) return { store: (tx) => this.#release(tx, address) };
    const inbound = read;
    let written: Written | undefined;
    return {
      store: async (tx) => {
        written = (await this.#write(tx, inbound)) ?? written;
        return () => this.#stored(inbound, written, arrivedAt);
      },
      quarantine: (tx, error) => this.#quarantine(tx, address, raw(), error),
    };
  }

  /** Keeps the place of a message that is acknowledged before its content is there, for the caller's transaction. */
  async holdPlace(tx: Queryable, address: InboundAddress, reason: string): Promise<() => void> {
    const { sessionId, businessId, onUnstored, log } = this.#options;
    const held = await addPlaceholder(tx, { sessionId, businessId, ...address, reason });
    return () => {
      if (!held) return;
      onUnstored('pending');
      log.info({ message_id: address.externalId, reason }, 'a message came without readable content');
    };
  }

  /**
   * For what the client hands over: nearly always known already, by `along`. What is new here (sent again by our own
   * phone, after it could not be decrypted) was acknowledged before: it waits in memory while the database is away.
   */
  async accept(message: WAMessage, phoneOf: PhoneOf): Promise<void> {
    const address = await readAddress(message, { me: this.#options.me(), phoneOf });
    if (!address || this.#settled.has(keyOf(address))) return;
    const { db, log, onError, signal } = this.#options;
    if (this.#waiting >= MAX_WAITING) {
      onError();
      log.error({ message_id: address.externalId }, 'a message is lost: too many wait for the database');
      return;
    }
    this.#waiting += 1;
    try {
      const along = this.#alongOf(address, message);
      const committed = await this.#patience.run(() => commitAlong(db, along));
      committed();
    } catch (error) {
      if (!signal.aborted) onError();
      const why = signal.aborted ? errorReason(error) : errorFields(error);
      log.error({ ...why, message_id: address.externalId }, 'an inbound message could not be stored');
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Does all that storing a message does, and rolls it back: fails as that would. */
  async tryToStore(first: (tx: Queryable) => Promise<void>): Promise<void> {
    const undo = new Error('rolled back on purpose');
    try {
      await this.#options.db.transaction(async (tx) => {
        await first(tx);
        await this.#write(tx, PROBE);
        throw undo;
      });
    } catch (error) {
      if (error !== undo) throw error;
    }
  }

  /** Undefined for a repeat, and for what is not to be stored. */
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
        "a message from the account's own phone",
      );
      return { released: undefined };
    }
    if (origin === 'self_chat' && !(await isNoteOfPerson(tx, { businessId, account }))) return undefined;
    const author = origin === 'customer' ? 'customer' : 'person';
    const recorded = await recordInbound(tx, { ...input, author });
    if (!recorded.fresh) return undefined;
    if (recorded.conversationState === 'person') await giveBackIfAutomatic(tx, recorded.message);
    return { released: await followInbound(tx, recorded) };
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
          "a message of the account's phone can not be stored",
        );
      };
    }
    const isNew = await quarantineMessage(tx, { sessionId, businessId, ...address, reason, raw });
    return () => {
      this.#settled.set(keyOf(address), true);
      if (!isNew) return;
      onUnstored('quarantined');
      onError();
      log.error(
        { message_id: address.externalId, reason },
        'a message can not be stored: it is kept in quarantine',
      );
    };
  }

  async #release(tx: Queryable, address: InboundAddress): Promise<() => void> {
    await deletePlaceholder(tx, { sessionId: this.#options.sessionId, ...address });
    return () => void this.#settled.set(keyOf(address), true);
  }

  #stored(message: InboundMessage, written: Written | undefined, arrivedAt: number | undefined): void {
    this.#settled.set(keyOf(message), true);
    if (written === undefined) return;
    const { origin } = message;
    const tookMs = arrivedAt && performance.now() - arrivedAt;
    this.#options.onFresh({ origin, released: written.released, tookMs });
    if (origin !== 'customer') return;
    this.lastInboundAt = new Date();
    this.#touch(this.lastInboundAt);
  }

  #touch(at: Date): void {
    const { db, sessionId, log } = this.#options;
    if (at.getTime() - this.#touchedAt < TOUCH_EVERY_MS) return;
    this.#touchedAt = at.getTime();
    touchSessionInbound(db, sessionId, at).catch((error: unknown) => {
      log.debug({ err: error }, 'the time of the last inbound message was not saved');
    });
  }
}

/** A message was written for the first time. Its job is released unless another of its conversation is open. */
interface Written {
  released: ReleasedJob | undefined;
}

/** Nobody's: no phone number is a single digit. */
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

/** The owner's number may be the account's own: then what she writes to herself may answer a notice. */
async function isNoteOfPerson(
  tx: Queryable,
  { businessId, account }: { businessId: string; account: string | undefined },
): Promise<boolean> {
  return account !== undefined && (await isPersonNumber(tx, { businessId, number: account }));
}
