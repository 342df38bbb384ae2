import {
  type Database,
  type Queryable,
  addToOutbox,
  recordInbound,
  touchSessionInbound,
} from '@prosaas/database';
import type { Logger } from '@prosaas/runtime';
import { LRUCache } from 'lru-cache';
import type { InboundMessage } from './inbound-message.ts';
import { Patience } from './patience.ts';

const REMEMBERED = 5000;
/** Messages that wait in memory for the database, having come past the transaction of their keys. */
const MAX_WAITING = 1000;
const TOUCH_EVERY_MS = 5000;

export interface InboxOptions {
  db: Database;
  sessionId: string;
  businessId: string;
  signal: AbortSignal;
  log: Logger;
  /** A message was accepted for the first time, and its job lies in the outbox. */
  onFresh: () => void;
  onError: () => void;
}

/** Accepts what people write to one session: exactly once in effect, each with the job that follows from it. */
export class Inbox {
  lastInboundAt: Date | undefined;
  readonly #options: InboxOptions;
  readonly #stored = new LRUCache<string, true>({ max: REMEMBERED });
  readonly #patience: Patience;
  #waiting = 0;
  #touchedAt = 0;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#patience = new Patience({ signal: options.signal, limitMs: 60_000, onExhausted: () => {} });
  }

  /** For the transaction that commits the message's keys; may run again after a broken commit. */
  along(message: InboundMessage): (tx: Queryable) => Promise<() => void> {
    let wasFresh = false;
    return async (tx) => {
      wasFresh = (await this.#write(tx, message)) || wasFresh;
      return () => this.#committed(message, wasFresh);
    };
  }

  /**
   * For what the client hands over: nearly always known already, by `along`. What is new here (sent again by our own
   * phone, after it could not be decrypted) was acknowledged before: it waits in memory while the database is away.
   */
  async accept(message: InboundMessage): Promise<void> {
    if (this.#stored.has(keyOf(message))) return;
    const { db, log, onError, signal } = this.#options;
    if (this.#waiting >= MAX_WAITING) {
      onError();
      log.error(
        { message_id: message.externalId },
        'an inbound message is lost: too many wait for the database',
      );
      return;
    }
    this.#waiting += 1;
    try {
      const along = this.along(message);
      const committed = await this.#patience.run(() => db.transaction(along));
      committed();
    } catch (error) {
      if (!signal.aborted) onError();
      log.error({ err: error, message_id: message.externalId }, 'an inbound message could not be stored');
    } finally {
      this.#waiting -= 1;
    }
  }

  async #write(tx: Queryable, message: InboundMessage): Promise<boolean> {
    const { sessionId, businessId } = this.#options;
    const {
      message: row,
      conversationId,
      fresh,
    } = await recordInbound(tx, { sessionId, businessId, ...message });
    if (!fresh) return false;
    await addToOutbox(tx, {
      queue: 'inbound-messages',
      key: row.id,
      payload: { messageId: row.id, conversationId, businessId },
    });
    return true;
  }

  #committed(message: InboundMessage, fresh: boolean): void {
    this.#stored.set(keyOf(message), true);
    if (!fresh) return;
    this.lastInboundAt = new Date();
    this.#options.onFresh();
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

const keyOf = (message: InboundMessage): string => `${message.contact}/${message.externalId}`;
