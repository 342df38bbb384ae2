import { createHash } from 'node:crypto';
import { ContactOptedOut } from '@prosaas/conversations';
import {
  type Database,
  type SendInput,
  type SendRow,
  claimSend,
  dropProgramMessage,
  failProgramMessage,
  hasInboundMessage,
  markSendFailed,
  markSendSent,
  messageIdForKey,
  moveSend,
  recordProgramMessage,
} from '@prosaas/database';
import { AppError, type Logger, type OutageLog, errorReason, outageLog } from '@prosaas/runtime';
import { type AckBook, Refused } from './ack-book.ts';
import { contactOf, parseAddress } from './chat-id.ts';
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
  readonly businessId: string;
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
  /** A program's is written into the conversation; the worker's stands there before it is sent, and its id is the key. */
  isProgram?: boolean | undefined;
}

/** A claimed send: what is needed of its row. */
type Claim = Pick<SendRow, 'chat_id' | 'body_hash' | 'message_id' | 'status'>;

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
async function isSame(row: Claim, { jid, text }: SendRequest, session: SendingSession): Promise<boolean> {
  if (row.body_hash === bodyHashOf({ jid, text })) return true;
  const other = await session.otherAddress(jid).catch(() => undefined);
  return other !== undefined && row.body_hash === bodyHashOf({ jid: other, text });
}

/** Under which a send is kept: the id of its message. */
const sendKeyOf = (session: SendingSession, { key, isProgram }: SendRequest): string =>
  isProgram ? messageIdForKey(`sendText:${session.id}`, key) : key;

const bodyHashOf = ({ jid, text }: Pick<SendRequest, 'jid' | 'text'>): string =>
  createHash('sha256').update(`${jid}\0${text}`).digest('hex');

/** Sends texts idempotently. Sent means that WhatsApp's server said it has the message. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #patience: Patience;
  readonly #outage: OutageLog;
  readonly #flights = new Map<string, { bodyHash: string; sent: Promise<Sent> }>();

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#patience = new Patience({ signal: options.signal, limitMs: 60_000, onExhausted: () => {} });
    this.#outage = outageLog(options.log, {
      waiting: 'WhatsApp does not confirm messages',
      begins: 'WhatsApp does not confirm messages',
      ends: 'WhatsApp confirms messages again',
      // Nothing is known until the next one is sent.
      repeats: false,
    });
    // Not part of the start: the first message that is not confirmed is a trouble at once.
    this.#outage.worked();
  }

  /** @throws KeyReused, ContactOptedOut, AccountChanged, NewChatsRestricted, SessionNotWorking, SendRefused, SendRefusedForNow, SendFailed, AckTimeout */
  send(session: SendingSession, request: SendRequest): Promise<Sent> {
    const send = {
      sessionId: session.id,
      key: sendKeyOf(session, request),
      chatId: request.jid,
      bodyHash: bodyHashOf(request),
      messageId: messageIdOf(session.id, request.key),
      text: request.text,
    };
    const { bodyHash } = send;
    const flightKey = `${session.id}\0${send.key}`;
    const flying = this.#flights.get(flightKey);
    if (flying) return flying.bodyHash === bodyHash ? flying.sent : Promise.reject(new KeyReused());
    const sent = this.#fly(session, request, send).finally(() => this.#flights.delete(flightKey));
    this.#flights.set(flightKey, { bodyHash, sent });
    return sent;
  }

  async #fly(session: SendingSession, request: SendRequest, send: SendInput): Promise<Sent> {
    const { db, ackTimeoutMs } = this.#options;
    const began = performance.now();
    const deadline = AbortSignal.timeout(ackTimeoutMs);
    const row = request.isProgram ? await this.#write(session, request, send) : await claimSend(db, send);
    if (!(await isSame(row, request, session))) throw new KeyReused();
    if (row.status !== 'sent') {
      try {
        await this.#transmit(session, request, { ...send, row, deadline, began });
      } catch (error) {
        if (request.isProgram) await this.#noteFailure(send.key, error);
        throw error;
      }
    }
    return { id: row.message_id, status: 'sent' };
  }

  /** Writes a program's message into its conversation, once, and claims its send. */
  async #write(session: SendingSession, request: SendRequest, send: SendInput): Promise<Claim> {
    const { db } = this.#options;
    const { jid, text, account = session.account } = request;
    const other = await session.otherAddress(jid).catch(() => undefined);
    const contact = contactOf(parseAddress(jid), parseAddress(other)) ?? { contact: jid };
    const recorded = await recordProgramMessage(db, {
      ...send,
      ...contact,
      account,
      businessId: session.businessId,
    });
    const claim = { chat_id: jid, body_hash: send.bodyHash, message_id: send.messageId };
    if (recorded.state === 'fresh') return { ...claim, status: 'pending' };
    if (recorded.state === 'opted_out') throw new ContactOptedOut(recorded.conversationId);
    const { message } = recorded;
    if (message.text !== text || (message.address !== jid && message.address !== other))
      throw new KeyReused();
    if (message.status === 'sent' || message.status === 'undelivered') return { ...claim, status: 'sent' };
    if (!message.is_opted_out) return claimSend(db, send);
    await dropProgramMessage(db, send.key);
    throw new ContactOptedOut(message.conversation_id);
  }

  /** Where that fails too, the message is settled with those of a service that was killed. */
  async #noteFailure(id: string, failure: unknown): Promise<void> {
    const { db, log } = this.#options;
    const text = failure instanceof AppError ? `${failure.code}: ${failure.message}` : String(failure);
    await failProgramMessage(db, id, text).catch((error: unknown) =>
      log.debug({ err: error, message: id }, 'a failed send could not be noted'),
    );
  }

  /** Resolves when WhatsApp has it. */
  async #transmit(
    session: SendingSession,
    { jid, text, account }: SendRequest,
    { key, row, deadline, began }: SendInput & { row: Claim; deadline: AbortSignal; began: number },
  ): Promise<void> {
    const { db, onError, onStage } = this.#options;
    let writtenAt = began;
    const { message_id: messageId } = row;
    if (row.chat_id !== jid) await moveSend(db, { sessionId: session.id, key, chatId: jid });
    if (account !== undefined && session.account !== undefined && session.account !== account)
      throw new AccountChanged(session.id);
    const { restriction } = session;
    const isChat = (): Promise<boolean> =>
      hasInboundMessage(db, { sessionId: session.id, address: jid, account: session.account });
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
      this.#outage.worked(session.id);
      onStage?.('acknowledged', performance.now() - writtenAt);
    } catch (error) {
      if (error instanceof Refused) throw await judgeRefusal(error, session);
      if (error instanceof SessionNotWorking) throw error;
      onError();
      const failure = deadline.aborted ? new AckTimeout({ cause: error }) : new SendFailed({ cause: error });
      this.#outage.failed(failure, { source: session.id, fields: { session: session.id } });
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
