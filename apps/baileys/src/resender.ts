import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Database,
  type DueResend,
  claimResend,
  hasPendingResends,
  makeResendsDue,
  listDueResends,
  markUndelivered,
  recordDelivery,
  recordRead,
  recordRetryRequest,
} from '@prosaas/database';
import { type Logger, type OutageLog, errorReason, outageLog } from '@prosaas/runtime';
import { type AckBook, Refused } from './ack-book.ts';
import { Patience } from './patience.ts';
import type { Receipt } from './receipts.ts';
import { writeUntilAcked } from './sender.ts';

export interface ResendSchedule {
  /** Before the first resend, after each, and after the last until the message is given up. */
  waitsMs: readonly number[];
  /** How often the database is asked what is due, for a session that has a message to send again. */
  everyMs: number;
}

/** The client's own repeats come within seconds; a phone that is off may take these 38 minutes. */
export const RESEND_SCHEDULE: ResendSchedule = {
  waitsMs: [60_000, 120_000, 300_000, 900_000, 900_000],
  everyMs: 5000,
};

/** A new connection makes the first resends due at once, but not the later ones: a message must not use up its resends in reconnects. */
const HASTENED_RESENDS = 2;
/** The client repeats a message this often by itself, see `MAX_RETRY_COUNT`. */
const REPEATS_OF_CLIENT = 5;
const BATCH = 50;

/** What the resender needs of a session. */
export interface ResendingSession {
  readonly id: string;
  readonly acks: AckBook;
  /** Writes the message under a new encryption session. */
  rewrite(jid: string, text: string, messageId: string): Promise<void>;
}

export interface ResenderOptions {
  db: Database;
  log: Logger;
  schedule: ResendSchedule;
  ackTimeoutMs: number;
  /** A message is given up. */
  onUndelivered: () => void;
}

/**
 * The net beneath the client's own repeats: keeps in the database which messages a recipient could not decrypt, sends those
 * again that were not delivered after all, and gives up in the end, with a reason.
 */
export class Resender {
  readonly #options: ResenderOptions;
  readonly #outage: OutageLog;
  /** Sessions that may have a message to send again. The others cost the database nothing. */
  readonly #marked = new Set<string>();

  constructor(options: ResenderOptions) {
    this.#options = options;
    this.#outage = outageLog(options.log, {
      waiting: 'messages cannot be sent again yet',
      begins: 'messages that could not be decrypted cannot be sent again',
      ends: 'messages that could not be decrypted are sent again',
    });
  }

  async record(sessionId: string, { kind, messageIds }: Receipt): Promise<void> {
    const { db, log, schedule } = this.#options;
    if (kind !== 'unreadable') {
      await recordDelivery(db, sessionId, messageIds);
      if (kind === 'read') await recordRead(db, sessionId, messageIds);
      return;
    }
    const resendInMs = schedule.waitsMs[0]!;
    for (const messageId of messageIds) {
      // oxlint-disable-next-line no-await-in-loop -- there is one
      const requests = await recordRetryRequest(db, { sessionId, messageId, resendInMs });
      if (requests === undefined) continue;
      this.#marked.add(sessionId);
      const line = { session: sessionId, message_id: messageId, requests };
      if (requests < REPEATS_OF_CLIENT)
        log.debug(line, 'a recipient could not decrypt a message: it is repeated');
      else log.warn(line, 'a recipient still cannot decrypt a message, after its repeats');
    }
  }

  /** Sends again what is due, until the signal aborts: for as long as a connection is open. Never rejects. */
  async run(session: ResendingSession, signal: AbortSignal): Promise<void> {
    const { db, log, schedule } = this.#options;
    // Not the connection's: what waits here is no reason to close a connection that nothing else waits on.
    const patience = new Patience({ signal, limitMs: 60_000, onExhausted: () => {} });
    let isHastened = false;
    this.#marked.add(session.id);
    while (!signal.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        if (!isHastened) await patience.run(() => makeResendsDue(db, session.id, HASTENED_RESENDS));
        isHastened = true;
        // oxlint-disable-next-line no-await-in-loop -- as above
        if (this.#marked.has(session.id)) await this.#sendDue(session, patience, signal);
        this.#outage.worked(session.id);
      } catch (error) {
        this.#marked.add(session.id);
        if (signal.aborted) break;
        this.#outage.failed(error, { source: session.id, fields: { session: session.id } });
        log.debug({ err: error, session: session.id }, 'messages could not be sent again');
      }
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sleep(schedule.everyMs, undefined, { signal }).catch(() => {});
    }
    this.#outage.forget(session.id);
  }

  async #sendDue(session: ResendingSession, patience: Patience, signal: AbortSignal): Promise<void> {
    const { db } = this.#options;
    // Before the queries: a request that is recorded meanwhile marks the session again.
    this.#marked.delete(session.id);
    const due = await patience.run(() => listDueResends(db, session.id, BATCH));
    for (const one of due) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await this.#treat(session, one, patience, signal);
    }
    if (await patience.run(() => hasPendingResends(db, session.id))) this.#marked.add(session.id);
  }

  async #treat(
    session: ResendingSession,
    due: DueResend,
    patience: Patience,
    signal: AbortSignal,
  ): Promise<void> {
    const { db, log, schedule, ackTimeoutMs, onUndelivered } = this.#options;
    const { message_id: messageId, chat_id: jid, text, resends } = due;
    const line = { session: session.id, message_id: messageId };
    const giveUp = async (reason: string): Promise<void> => {
      const wasOpen = await patience.run(() =>
        markUndelivered(db, { sessionId: session.id, messageId, reason }),
      );
      if (!wasOpen) return;
      onUndelivered();
      log.warn({ ...line, reason }, 'a message is undelivered');
    };

    const nextInMs = schedule.waitsMs[resends + 1];
    if (text === '' || nextInMs === undefined) {
      await giveUp(reasonOf(due, new Date()));
      return;
    }
    const begun = await patience.run(() => claimResend(db, { sessionId: session.id, messageId, nextInMs }));
    if (!begun) return;
    try {
      await writeUntilAcked(session.acks, messageId, {
        write: () => session.rewrite(jid, text, messageId),
        signal: AbortSignal.any([AbortSignal.timeout(ackTimeoutMs), signal]),
      });
      log.info({ ...line, resends: resends + 1 }, 'a message that could not be decrypted was sent again');
    } catch (error) {
      if (error instanceof Refused) {
        await giveUp(
          `The recipient's phone could not decrypt it, and WhatsApp refused it when it was sent again (${error.code}).`,
        );
      } else if (!signal.aborted)
        log.info({ ...line, ...errorReason(error) }, 'a message could not be sent again');
    }
  }
}

/** For people: it stands in the message's `error`. */
export function reasonOf(due: Omit<DueResend, 'key' | 'chat_id' | 'message_id'>, now: Date): string {
  const cannot = "The recipient's phone could not decrypt it";
  if (due.text === '') return `${cannot}, and its text is no longer kept.`;
  const minutes = Math.max(1, Math.round((now.getTime() - due.requested_at.getTime()) / 60_000));
  return `${cannot}: asked for ${times(due.requests)} and sent again ${times(due.resends)} in ${minutes} min, it was not delivered.`;
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
