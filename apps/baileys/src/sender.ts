import { createHash } from 'node:crypto';
import {
  type Database,
  type SendRow,
  claimSend,
  hasWritten,
  markSendFailed,
  markSendSent,
  moveSend,
} from '@prosaas/database';
import { type Logger, type TroubleLog, errorReason, troubleOf } from '@prosaas/runtime';
import { type AckBook, Refused } from './ack-book.ts';
import { errorFields } from './error-fields.ts';
import {
  AccountChanged,
  AckTimeout,
  KeyReused,
  NewChatsRestricted,
  SendFailed,
  SendRefused,
  SendRefusedForNow,
  SessionNotWorking,
} from './errors.ts';
import { Patience } from './patience.ts';
import { NO_NEW_CHATS, refusalOf } from './refusals.ts';
import type { Restriction } from './restriction.ts';

/** What the sender needs of a session. */
export interface SendingSession {
  readonly id: string;
  readonly acks: AckBook;
  /** Its phone number, once it is paired. */
  readonly account: string | undefined;
  /** That it may start no chats for now. */
  readonly restriction: Restriction | undefined;
  /** Asks WhatsApp whether it may; false where WhatsApp does not answer. */
  askRestriction(): Promise<boolean>;
  /** The LID for a phone number's address, and the reverse. */
  otherAddress(jid: string): Promise<string | undefined>;
  /** Resolves when the bytes are written. @throws SessionNotWorking */
  write(jid: string, text: string, messageId: string): Promise<void>;
}

export interface SendRequest {
  /** The same key is the same message, sent once. */
  key: string;
  jid: string;
  text: string;
  /** The phone number to send from; undefined: the session's, whichever it is. */
  account?: string | undefined;
}

export interface Sent {
  id: string;
  status: 'sent';
}

export interface SenderOptions {
  db: Database;
  log: Logger;
  signal: AbortSignal;
  ackTimeoutMs: number;
  onSent: () => void;
  /** Milliseconds from the request to the write, and from the write to WhatsApp's ack. */
  onStage?: (stage: 'send_begun' | 'acknowledged', ms: number) => void;
  onError: () => void;
}

/** WhatsApp's id of a message: it follows from the key, so that a repeat replaces instead of doubling. */
export function messageIdOf(sessionId: string, key: string): string {
  const digest = createHash('sha256').update(`${sessionId}\0${key}`).digest('hex');
  return `3EB0${digest.slice(0, 18).toUpperCase()}`;
}

/** Resolves with the server's ack of what `write` wrote. @throws Refused, what `write` throws, or the signal's reason */
export async function writeUntilAcked(
  acks: AckBook,
  messageId: string,
  { write, signal }: { write: () => Promise<void>; signal: AbortSignal },
): Promise<void> {
  const done = new AbortController();
  try {
    // The wait begins before the write: the ack may be faster than the write's own end.
    const acked = acks.wait(messageId, AbortSignal.any([signal, done.signal]));
    await Promise.all([acked, Promise.race([write(), acked])]);
  } finally {
    done.abort();
  }
}

/** Where a refused message may arrive after all; undefined where that is nowhere. */
async function otherAddressAfter(
  error: unknown,
  session: SendingSession,
  jid: string,
): Promise<string | undefined> {
  if (!(error instanceof Refused) || !refusalOf(error.code).mayHelpElsewhere) return undefined;
  return session.otherAddress(jid).catch(() => undefined);
}

/** An account that is restricted, or may be, does not try again by itself: each try is held against it. */
async function judgeRefusal(
  refused: Refused,
  session: SendingSession,
): Promise<SendRefused | SendRefusedForNow> {
  const { mayPass, reason } = refusalOf(refused.code);
  const why = `${reason} (${refused.code})`;
  const mayBeRestricted = async (): Promise<boolean> =>
    !(await session.askRestriction().catch(() => false)) || session.restriction !== undefined;
  const isFinal = !mayPass || (refused.code === NO_NEW_CHATS && (await mayBeRestricted()));
  return new (isFinal ? SendRefused : SendRefusedForNow)(why, { cause: refused });
}

/**
 * Whether a key's first message is this one. A worker of another release may have sent it to the contact's other address.
 */
async function isSame(row: SendRow, { jid, text }: SendRequest, session: SendingSession): Promise<boolean> {
  if (row.body_hash === bodyHashOf({ jid, text })) return true;
  const other = await session.otherAddress(jid).catch(() => undefined);
  return other !== undefined && row.body_hash === bodyHashOf({ jid: other, text });
}

const bodyHashOf = ({ jid, text }: Pick<SendRequest, 'jid' | 'text'>): string =>
  createHash('sha256').update(`${jid}\0${text}`).digest('hex');

/** Sends texts idempotently. Sent means that WhatsApp's server said it has the message. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #patience: Patience;
  readonly #trouble: TroubleLog;
  readonly #flights = new Map<string, { bodyHash: string; sent: Promise<Sent> }>();

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#patience = new Patience({ signal: options.signal, limitMs: 60_000, onExhausted: () => {} });
    this.#trouble = troubleOf(options.log, {
      waiting: 'WhatsApp does not confirm messages',
      begins: 'WhatsApp does not confirm messages',
      ends: 'WhatsApp confirms messages again',
      // Nothing is known until the next one is sent.
      repeats: false,
    });
    // Not part of the start: the first message that is not confirmed is a trouble at once.
    this.#trouble.worked();
  }

  /** @throws KeyReused, AccountChanged, NewChatsRestricted, SessionNotWorking, SendRefused, SendRefusedForNow, SendFailed, AckTimeout */
  send(session: SendingSession, request: SendRequest): Promise<Sent> {
    const flightKey = `${session.id}\0${request.key}`;
    const bodyHash = bodyHashOf(request);
    const flying = this.#flights.get(flightKey);
    if (flying) return flying.bodyHash === bodyHash ? flying.sent : Promise.reject(new KeyReused());
    const sent = this.#fly(session, request, bodyHash).finally(() => this.#flights.delete(flightKey));
    this.#flights.set(flightKey, { bodyHash, sent });
    return sent;
  }

  async #fly(session: SendingSession, request: SendRequest, bodyHash: string): Promise<Sent> {
    const { db, ackTimeoutMs, onError, onStage } = this.#options;
    const began = performance.now();
    let writtenAt = began;
    const { key, jid, text, account } = request;
    const messageId = messageIdOf(session.id, key);
    const deadline = AbortSignal.timeout(ackTimeoutMs);
    const row = await claimSend(db, { sessionId: session.id, key, chatId: jid, bodyHash, messageId, text });
    if (!(await isSame(row, request, session))) throw new KeyReused();
    if (row.status === 'sent') return { id: messageId, status: 'sent' };
    if (row.chat_id !== jid) await moveSend(db, { sessionId: session.id, key, chatId: jid });
    if (account !== undefined && session.account !== undefined && session.account !== account)
      throw new AccountChanged(session.id);
    const { restriction } = session;
    const isChat = (): Promise<boolean> =>
      hasWritten(db, { sessionId: session.id, address: jid, account: session.account });
    if (restriction !== undefined && !(await isChat())) throw new NewChatsRestricted(restriction.until);
    const sendTo = (address: string): Promise<void> =>
      writeUntilAcked(session.acks, messageId, {
        write: async () => {
          await session.write(address, text, messageId);
          writtenAt = performance.now();
          onStage?.('send_begun', writtenAt - began);
        },
        signal: deadline,
      });
    try {
      await sendTo(jid).catch(async (error: unknown) => {
        const other = await otherAddressAfter(error, session, jid);
        if (other === undefined) throw error;
        await moveSend(db, { sessionId: session.id, key, chatId: other });
        await sendTo(other);
      });
      this.#trouble.worked(session.id);
      onStage?.('acknowledged', performance.now() - writtenAt);
      return { id: messageId, status: 'sent' };
    } catch (error) {
      if (error instanceof Refused) throw await judgeRefusal(error, session);
      if (error instanceof SessionNotWorking) throw error;
      onError();
      const failure = deadline.aborted ? new AckTimeout({ cause: error }) : new SendFailed({ cause: error });
      this.#trouble.failed(failure, { source: session.id, fields: { session: session.id } });
      throw failure;
    }
  }

  /**
   * The server's word on a message, whether somebody still waits for it or not. The one who turns the row to sent
   * counts it; whoever waits is answered after that.
   */
  async acknowledged(session: SendingSession, messageId: string, refusal: string | undefined): Promise<void> {
    const { db, log, signal, onSent, onError } = this.#options;
    try {
      if (refusal === undefined) {
        if (await this.#patience.run(() => markSendSent(db, session.id, messageId))) onSent();
        session.acks.settle(messageId);
        return;
      }
      log.warn({ session: session.id, message_id: messageId, code: refusal }, 'WhatsApp refused a message');
      // A repeat of one that was sent is the resender's to judge.
      if (await this.#patience.run(() => markSendFailed(db, session.id, messageId, refusal))) onError();
      session.acks.settle(messageId, new Refused(refusal));
    } catch (error) {
      const line = { session: session.id, message_id: messageId };
      // A repeat with the same key replaces the message.
      if (signal.aborted)
        log.info({ ...line, ...errorReason(error) }, 'the service ended before an ack was recorded');
      else log.error({ ...line, ...errorFields(error) }, 'an ack could not be recorded');
    }
  }
}
