import {
  type Database,
  type Queryable,
  type ReleasedJob,
  holdPlaceOfMessage,
  quarantineMessage,
  recordInbound,
  releasePlaceOfMessage,
  touchSessionInbound,
} from '@prosaas/database';
import { type Logger, errorReason } from '@prosaas/runtime';
import type { WAMessage } from '@whiskeysockets/baileys';
import { LRUCache } from 'lru-cache';
import { type Along, commitAlong } from './commit-along.ts';
import { errorFields } from './error-fields.ts';
import {
  type InboundAddress,
  type InboundMessage,
  type PhoneOf,
  readAddress,
  readContent,
} from './inbound-message.ts';
import { followInbound } from './follow-inbound.ts';
import { Patience } from './patience.ts';
import { encodeRaw } from './raw-inbound.ts';

const REMEMBERED = 5000;
/** Messages that wait in memory for the database, having come past the transaction of their keys. */
const MAX_WAITING = 1000;
const TOUCH_EVERY_MS = 5000;

export interface InboxOptions {
  db: Database;
  sessionId: string;
  businessId: string;
  /** The phone number of the session. */
  account: () => string | undefined;
  signal: AbortSignal;
  log: Logger;
  /**
   * A message was stored for the first time. `released` is its job, unless an older job of the conversation is still open.
   *
   * @param tookMs since its stanza came, where that is known
   */
  onFresh: (released: ReleasedJob | undefined, tookMs: number | undefined) => void;
  /** A message is kept in another way for now: see `unstored_messages`. */
  onUnstored: (event: 'quarantined' | 'pending') => void;
  onError: () => void;
}

/** Accepts what people write to one session: exactly once in effect, each with the job that follows from it. */
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
    const address = await readAddress(message, phoneOf);
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
    const held = await holdPlaceOfMessage(tx, { sessionId, businessId, ...address, reason });
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
    const address = await readAddress(message, phoneOf);
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

  /** Undefined for a repeat. */
  async #write(tx: Queryable, message: InboundMessage): Promise<Written | undefined> {
    const { sessionId, businessId, account } = this.#options;
    const recorded = await recordInbound(tx, { sessionId, businessId, account: account(), ...message });
    if (!recorded.fresh) return undefined;
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
    await releasePlaceOfMessage(tx, { sessionId: this.#options.sessionId, ...address });
    return () => void this.#settled.set(keyOf(address), true);
  }

  #stored(message: InboundMessage, written: Written | undefined, arrivedAt: number | undefined): void {
    this.#settled.set(keyOf(message), true);
    if (written === undefined) return;
    this.lastInboundAt = new Date();
    this.#options.onFresh(written.released, arrivedAt && performance.now() - arrivedAt);
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
  externalId: 'probe',
  contact: '0@s.whatsapp.net',
  text: 'probe',
  sentAt: new Date(0),
};

const keyOf = ({ contact, externalId }: InboundAddress): string => `${contact}/${externalId}`;
