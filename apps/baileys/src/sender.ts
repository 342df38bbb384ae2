import { createHash } from 'node:crypto';
import { ContactOptedOut } from '@prosaas/conversations';
import {
  type Database,
  type SendInput,
  type SendRow,
  findOrInsertSend,
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
import { MessageRefused, type PendingAcks, writeUntilAcked } from './pending-acks.ts';
import { contactOf, parseAddress } from './chat-id.ts';
import { errorFields } from './error-fields.ts';
import {
  AccountChanged,
  AckTimeout,
  IdempotencyKeyReused,
  NewChatsRestricted,
  SendFailed,
  SendRefused,
  SendRefusedForNow,
  SessionNotWorking,
} from './errors.ts';
import { DatabaseRetrier } from './database-retrier.ts';
import { NO_NEW_CHATS, refusalOf } from './refusals.ts';
import type { Restriction } from './restriction.ts';

/** What the sender needs of a session. */
export interface SendingSession {
  readonly id: string;
  readonly businessId: string;
  readonly acks: PendingAcks;
  /** Its phone number, once it is paired. */
  readonly account: string | undefined;
  /** Set while it may start no new chats. */
  readonly restriction: Restriction | undefined;
  /** Asks WhatsApp for the restriction; false when WhatsApp does not answer. */
  askRestriction(): Promise<boolean>;
  /** The LID of a phone number, and the phone number of a LID; undefined when unknown. */
  otherAddress(jid: string): Promise<string | undefined>;
  /** Resolves when the message is written to the socket. @throws SessionNotWorking */
  write(jid: string, text: string, messageId: string): Promise<void>;
}

export interface SendRequest {
  /** The idempotency key: requests with the same key are one message, sent once. */
  key: string;
  jid: string;
  text: string;
  /** The phone number that has to send; undefined: any that the session has. */
  account?: string | undefined;
  /**
   * Whether a program sends with an API key. Its message is written into the conversation. A message of the worker is there
   * already, and its id is the key.
   */
  isProgram?: boolean | undefined;
}

/** The columns of a claimed send that are needed here. */
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

/** WhatsApp's id of a message. It follows from the key, so that WhatsApp takes a repeat for the same message. */
export function messageIdOf(sessionId: string, key: string): string {
  const digest = createHash('sha256').update(`${sessionId}\0${key}`).digest('hex');
  return `3EB0${digest.slice(0, 18).toUpperCase()}`;
}

/** The recipient's other address, if a refused message may be accepted there. */
async function otherAddressAfter(
  error: unknown,
  session: SendingSession,
  jid: string,
): Promise<string | undefined> {
  if (!(error instanceof MessageRefused) || !refusalOf(error.code).tryOtherAddress) return undefined;
  return session.otherAddress(jid).catch(() => undefined);
}

/**
 * The error for a refusal. It is final when the account is restricted or may be: the worker must not try again then,
 * because WhatsApp holds each attempt against the account.
 */
async function refusalError(
  refused: MessageRefused,
  session: SendingSession,
): Promise<SendRefused | SendRefusedForNow> {
  const { retryable, reason } = refusalOf(refused.code);
  const why = `${reason} (${refused.code})`;
  const mayBeRestricted = async (): Promise<boolean> =>
    !(await session.askRestriction().catch(() => false)) || session.restriction !== undefined;
  const isFinal = !retryable || (refused.code === NO_NEW_CHATS && (await mayBeRestricted()));
  return new (isFinal ? SendRefused : SendRefusedForNow)(why, { cause: refused });
}

/** Whether the key belongs to this message. A worker of another release may have sent it to the contact's other address. */
async function isSame(row: Claim, { jid, text }: SendRequest, session: SendingSession): Promise<boolean> {
  if (row.body_hash === bodyHashOf({ jid, text })) return true;
  const other = await session.otherAddress(jid).catch(() => undefined);
  return other !== undefined && row.body_hash === bodyHashOf({ jid: other, text });
}

/** The key under which a send is stored: the id of its message. */
const sendKeyOf = (session: SendingSession, { key, isProgram }: SendRequest): string =>
  isProgram ? messageIdForKey(`sendText:${session.id}`, key) : key;

const bodyHashOf = ({ jid, text }: Pick<SendRequest, 'jid' | 'text'>): string =>
  createHash('sha256').update(`${jid}\0${text}`).digest('hex');

/** Sends texts idempotently. A text is sent when WhatsApp's server has acknowledged it. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #retrier: DatabaseRetrier;
  readonly #outage: OutageLog;
  readonly #inFlight = new Map<string, { bodyHash: string; sent: Promise<Sent> }>();

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#retrier = new DatabaseRetrier({ signal: options.signal });
    this.#outage = outageLog(options.log, {
      waiting: 'WhatsApp does not confirm messages',
      begins: 'WhatsApp does not confirm messages',
      ends: 'WhatsApp confirms messages again',
      // Not known until the next message is sent.
      repeats: false,
    });
    // Without a grace period at the start: the first message that is not confirmed is logged at once.
    this.#outage.worked();
  }

  /** @throws IdempotencyKeyReused, ContactOptedOut, AccountChanged, NewChatsRestricted, SessionNotWorking, SendRefused, SendRefusedForNow, SendFailed, AckTimeout */
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
    const inFlightKey = `${session.id}\0${send.key}`;
    const inFlight = this.#inFlight.get(inFlightKey);
    if (inFlight)
      return inFlight.bodyHash === bodyHash ? inFlight.sent : Promise.reject(new IdempotencyKeyReused());
    const sent = this.#sendOnce(session, request, send).finally(() => this.#inFlight.delete(inFlightKey));
    this.#inFlight.set(inFlightKey, { bodyHash, sent });
    return sent;
  }

  async #sendOnce(session: SendingSession, request: SendRequest, send: SendInput): Promise<Sent> {
    const { db, ackTimeoutMs } = this.#options;
    const began = performance.now();
    const deadline = AbortSignal.timeout(ackTimeoutMs);
    const row = request.isProgram
      ? await this.#write(session, request, send)
      : await findOrInsertSend(db, send);
    if (!(await isSame(row, request, session))) throw new IdempotencyKeyReused();
    if (row.status !== 'sent') {
      try {
        await this.#transmit(session, request, { ...send, row, deadline, began });
      } catch (error) {
        if (request.isProgram) await this.#recordFailure(send.key, error);
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
      throw new IdempotencyKeyReused();
    if (message.status === 'sent' || message.status === 'undelivered') return { ...claim, status: 'sent' };
    if (!message.is_opted_out) return findOrInsertSend(db, send);
    await dropProgramMessage(db, send.key);
    throw new ContactOptedOut(message.conversation_id);
  }

  /** When this fails, too, `startSendRetention` settles the message. */
  async #recordFailure(id: string, failure: unknown): Promise<void> {
    const { db, log } = this.#options;
    const text = failure instanceof AppError ? `${failure.code}: ${failure.message}` : String(failure);
    await failProgramMessage(db, id, text).catch((error: unknown) =>
      log.debug({ err: error, message: id }, 'a failed send could not be recorded'),
    );
  }

  /** Resolves when WhatsApp has acknowledged the message. */
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
    const hasChat = (): Promise<boolean> =>
      hasInboundMessage(db, { sessionId: session.id, address: jid, account: session.account });
    if (restriction !== undefined && !(await hasChat())) throw new NewChatsRestricted(restriction.until);
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
      if (error instanceof MessageRefused) throw await refusalError(error, session);
      if (error instanceof SessionNotWorking) throw error;
      onError();
      const failure = deadline.aborted ? new AckTimeout({ cause: error }) : new SendFailed({ cause: error });
      this.#outage.failed(failure, { source: session.id, fields: { session: session.id } });
      throw failure;
    }
  }

  /**
   * Records the server's ack or refusal of a message, whether or not a request waits for it. The call that changes the row
   * counts the message; then the requests that wait are answered.
   */
  async acknowledged(session: SendingSession, messageId: string, refusal: string | undefined): Promise<void> {
    const { db, log, signal, onSent, onError } = this.#options;
    try {
      if (refusal === undefined) {
        if (await this.#retrier.run(() => markSendSent(db, session.id, messageId))) onSent();
        session.acks.settle(messageId);
        return;
      }
      log.warn({ session: session.id, message_id: messageId, code: refusal }, 'WhatsApp refused a message');
      // False for the refusal of a resend: the resender handles it.
      if (await this.#retrier.run(() => markSendFailed(db, session.id, messageId, refusal))) onError();
      session.acks.settle(messageId, new MessageRefused(refusal));
    } catch (error) {
      const line = { session: session.id, message_id: messageId };
      // The sender repeats the request with the same key, which replaces the message.
      if (signal.aborted)
        log.info({ ...line, ...errorReason(error) }, 'the service ended before an ack was recorded');
      else log.error({ ...line, ...errorFields(error) }, 'an ack could not be recorded');
    }
  }
}
