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
import { MessageRefused, type PendingAcks, writeUntilAcked } from './pending-acks.ts';
import { DatabaseRetrier } from './database-retrier.ts';
import type { Receipt } from './receipts.ts';

export interface ResendSchedule {
  /** The wait before the first resend, between two resends, and after the last one until the message is given up. */
  waitsMs: readonly number[];
  /** How often due resends are read from the database, for a session that has a message to resend. */
  everyMs: number;
}

/** The client's own resends come within seconds. These cover a phone that is off for up to 38 minutes. */
export const RESEND_SCHEDULE: ResendSchedule = {
  waitsMs: [60_000, 120_000, 300_000, 900_000, 900_000],
  everyMs: 5000,
};

/** A new connection makes a message's first resends due at once, but not the later ones: reconnects must not use up all resends. */
const HASTENED_RESENDS = 2;
/** The client itself resends a message this often, see `MAX_RETRY_COUNT`. */
const CLIENT_RESENDS = 5;
const BATCH = 50;

/** What the resender needs of a session. */
export interface ResendingSession {
  readonly id: string;
  readonly acks: PendingAcks;
  /** Sends the message in a new encryption session. Resolves when it is written. */
  resend(jid: string, text: string, messageId: string): Promise<void>;
}

export interface ResenderOptions {
  db: Database;
  log: Logger;
  schedule: ResendSchedule;
  ackTimeoutMs: number;
  /** A message was given up. */
  onUndelivered: () => void;
}

/**
 * Resends messages that a recipient's device could not decrypt and that the client's own resends did not deliver. Keeps
 * them in the database, and gives a message up after the last resend, with a reason.
 */
export class Resender {
  readonly #options: ResenderOptions;
  readonly #outage: OutageLog;
  /** Sessions that may have a message to resend. No queries are made for the others. */
  readonly #mayHaveDue = new Set<string>();

  constructor(options: ResenderOptions) {
    this.#options = options;
    this.#outage = outageLog(options.log, {
      waiting: 'messages cannot be sent again yet',
      begins: 'messages that could not be decrypted cannot be sent again',
      ends: 'messages that could not be decrypted are sent again',
    });
  }

  /** Records a receipt, and makes a message that could not be decrypted due for a resend. */
  async record(sessionId: string, { kind, messageIds }: Receipt): Promise<void> {
    const { db, log, schedule } = this.#options;
    if (kind !== 'unreadable') {
      await recordDelivery(db, sessionId, messageIds);
      if (kind === 'read') await recordRead(db, sessionId, messageIds);
      return;
    }
    const resendInMs = schedule.waitsMs[0]!;
    for (const messageId of messageIds) {
      // oxlint-disable-next-line no-await-in-loop -- one, see `readReceipt`
      const requests = await recordRetryRequest(db, { sessionId, messageId, resendInMs });
      if (requests === undefined) continue;
      this.#mayHaveDue.add(sessionId);
      const line = { session: sessionId, message_id: messageId, requests };
      if (requests < CLIENT_RESENDS)
        log.debug(line, 'a recipient could not decrypt a message; the client resends it');
      else log.warn(line, 'a recipient still cannot decrypt a message after the resends of the client');
    }
  }

  /** Resends due messages while a connection is open, until the signal aborts. Never rejects. */
  async run(session: ResendingSession, signal: AbortSignal): Promise<void> {
    const { db, log, schedule } = this.#options;
    // Not the connection's retrier: a resend that waits for the database is no reason to close the connection.
    const retrier = new DatabaseRetrier({ signal });
    let isHastened = false;
    this.#mayHaveDue.add(session.id);
    while (!signal.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        if (!isHastened) await retrier.run(() => makeResendsDue(db, session.id, HASTENED_RESENDS));
        isHastened = true;
        // oxlint-disable-next-line no-await-in-loop -- as above
        if (this.#mayHaveDue.has(session.id)) await this.#sendDue(session, retrier, signal);
        this.#outage.worked(session.id);
      } catch (error) {
        this.#mayHaveDue.add(session.id);
        if (signal.aborted) break;
        this.#outage.failed(error, { source: session.id, fields: { session: session.id } });
        log.debug({ err: error, session: session.id }, 'messages could not be sent again');
      }
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sleep(schedule.everyMs, undefined, { signal }).catch(() => {});
    }
    this.#outage.forget(session.id);
  }

  async #sendDue(session: ResendingSession, retrier: DatabaseRetrier, signal: AbortSignal): Promise<void> {
    const { db } = this.#options;
    // Before the queries, because a receipt that is recorded during them adds the session again.
    this.#mayHaveDue.delete(session.id);
    const due = await retrier.run(() => listDueResends(db, session.id, BATCH));
    for (const one of due) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await this.#resendOrGiveUp(session, one, retrier, signal);
    }
    if (await retrier.run(() => hasPendingResends(db, session.id))) this.#mayHaveDue.add(session.id);
  }

  async #resendOrGiveUp(
    session: ResendingSession,
    due: DueResend,
    retrier: DatabaseRetrier,
    signal: AbortSignal,
  ): Promise<void> {
    const { db, log, schedule, ackTimeoutMs, onUndelivered } = this.#options;
    const { message_id: messageId, chat_id: jid, text, resends } = due;
    const line = { session: session.id, message_id: messageId };
    const giveUp = async (reason: string): Promise<void> => {
      const wasOpen = await retrier.run(() =>
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
    const begun = await retrier.run(() => claimResend(db, { sessionId: session.id, messageId, nextInMs }));
    if (!begun) return;
    try {
      await writeUntilAcked(session.acks, messageId, {
        write: () => session.resend(jid, text, messageId),
        signal: AbortSignal.any([AbortSignal.timeout(ackTimeoutMs), signal]),
      });
      log.info({ ...line, resends: resends + 1 }, 'a message that could not be decrypted was sent again');
    } catch (error) {
      if (error instanceof MessageRefused) {
        await giveUp(
          `The recipient's phone could not decrypt it, and WhatsApp refused it when it was sent again (${error.code}).`,
        );
      } else if (!signal.aborted)
        log.info({ ...line, ...errorReason(error) }, 'a message could not be sent again');
    }
  }
}

/** For people: shown in the message's `error`. */
export function reasonOf(due: Omit<DueResend, 'key' | 'chat_id' | 'message_id'>, now: Date): string {
  const cannot = "The recipient's phone could not decrypt it";
  if (due.text === '') return `${cannot}, and its text is no longer kept.`;
  const minutes = Math.max(1, Math.round((now.getTime() - due.requested_at.getTime()) / 60_000));
  return `${cannot}: asked for ${times(due.requests)} and sent again ${times(due.resends)} in ${minutes} min, it was not delivered.`;
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
