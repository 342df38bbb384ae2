import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, type ReleasedJob, StaleOwner, findSentText } from '@prosaas/database';
import { type Logger, errorReason } from '@prosaas/runtime';
import { AckBook } from './ack-book.ts';
import { CorruptAuthState } from './auth-codec.ts';
import { AuthState } from './auth-state.ts';
import { userOf } from './chat-id.ts';
import { commitAlong } from './commit-along.ts';
import { type ClientOverrides, Connection, type WhatsAppNetwork } from './connection.ts';
import { DatabaseTrouble } from './database-trouble.ts';
import { Doubts } from './doubts.ts';
import { errorFields } from './error-fields.ts';
import { SessionNotWorking } from './errors.ts';
import { Inbox, type InboxOptions } from './inbox.ts';
import { Patience } from './patience.ts';
import { type Closed, STABLE_MS, decideReconnect, reconnectDelay, stallsInRow } from './reconnect-policy.ts';
import type { Resender, ResendingSession } from './resender.ts';
import type { Sender, SendingSession } from './sender.ts';
import type { Restriction } from './restriction.ts';
import { saveAccount, saveFailure } from './session-records.ts';
import type { SessionState, SessionStatus } from './session-status.ts';

export interface SessionContext {
  db: Database;
  log: Logger;
  network: WhatsAppNetwork;
  client: ClientOverrides;
  /** How long the client may wait for the database before its socket is closed: what is not acknowledged, WhatsApp keeps. */
  stallLimitMs: number;
  sender: Sender;
  resender: Resender;
  counters: {
    inbound: () => void;
    /** A message was stored, so long after its stanza came. */
    stored: (ms: number) => void;
    error: () => void;
    unstored: InboxOptions['onUnstored'];
  };
  /** Tells BullMQ of a job that was released. */
  enqueue: (released: ReleasedJob | undefined) => void;
  onStatus: (session: Session) => void;
}

export interface SessionIdentity {
  id: string;
  businessId: string;
  /** It was paired: credentials that are missing now are a fault, not a new session. */
  paired: boolean;
  /** The token of this owner's lease. */
  fence: bigint;
}

/** stopped: as asked. lost: another replica owns it. failed: it stands still, the reason is in the database. */
export type SessionEnd = 'stopped' | 'lost' | 'failed';

const LOGOUT_TIMEOUT_MS = 5000;

interface ClosedConnection extends Closed {
  /** It was closed here, because the database was away for too long. */
  stalled: boolean;
  /** At least one message was stored. */
  hasStored: boolean;
  lastedMs: number;
}

/** One WhatsApp account, held by this replica: its auth state and one connection after the other. */
export class Session implements SendingSession, ResendingSession {
  readonly id: string;
  readonly businessId: string;
  readonly acks: AckBook = new AckBook();
  /** The text of the QR code to scan now. */
  qr: string | undefined;
  readonly #identity: SessionIdentity;
  readonly #context: SessionContext;
  readonly #log: Logger;
  readonly #ending = new AbortController();
  readonly #inbox: Inbox;
  readonly #trouble: DatabaseTrouble;
  readonly #doubts: Doubts;
  #end: SessionEnd = 'stopped';
  #failure: string | undefined;
  #status: { status: SessionState; reason: string | null; since: Date };
  #connection: Connection | undefined;
  #auth: AuthState | undefined;

  constructor(identity: SessionIdentity, context: SessionContext) {
    this.id = identity.id;
    this.businessId = identity.businessId;
    this.#identity = identity;
    this.#context = context;
    this.#log = context.log.child({ session: identity.id });
    this.#status = { status: 'STARTING', reason: 'connecting', since: new Date() };
    this.#trouble = new DatabaseTrouble({
      log: context.log,
      session: identity.id,
      onChange: () => context.onStatus(this),
    });
    this.#doubts = new Doubts({ log: this.#log, onChange: () => context.onStatus(this) });
    this.#inbox = new Inbox({
      db: context.db,
      sessionId: identity.id,
      businessId: identity.businessId,
      me: () => this.#auth?.creds.me,
      signal: this.#ending.signal,
      log: this.#log,
      onFresh: ({ origin, released, tookMs }) => {
        context.enqueue(released);
        if (origin !== 'customer') return;
        context.counters.inbound();
        if (tookMs !== undefined) context.counters.stored(tookMs);
      },
      onUnstored: context.counters.unstored,
      onError: context.counters.error,
    });
  }

  /** It is being closed, for whatever reason. */
  get ending(): boolean {
    return this.#ending.signal.aborted;
  }

  get account(): string | undefined {
    return userOf(this.#auth?.creds.me?.id);
  }

  get restriction(): Restriction | undefined {
    return this.#doubts.restrictions[0];
  }

  get status(): SessionStatus {
    const { status } = this.#status;
    const isUp = status === 'WORKING' || status === 'STARTING';
    const doubt = status === 'WORKING' ? this.#doubts.reason : undefined;
    const reason = (isUp ? this.#trouble.reason : undefined) ?? this.#status.reason ?? doubt ?? null;
    const { restrictions } = this.#doubts;
    return { ...this.#status, reason, lastInboundAt: this.#inbox.lastInboundAt ?? null, restrictions };
  }

  /** Runs until the session is stopped, lost, or fails in a way that a repeat can't cure. Never rejects. */
  async run(): Promise<SessionEnd> {
    const { signal } = this.#ending;
    try {
      this.#auth = await this.#open();
      await this.#stayConnected(this.#auth);
    } catch (error) {
      if (!signal.aborted) this.#fatal(error);
    }
    this.#trouble.forget();
    this.#connection = undefined;
    this.qr = undefined;
    if (this.#failure !== undefined) {
      this.#end = 'failed';
      await saveFailure({ db: this.#context.db, id: this.id, reason: this.#failure, log: this.#log });
      this.#say('FAILED', this.#failure);
    } else this.#say('STOPPED', this.#end === 'lost' ? 'lost' : null);
    return this.#end;
  }

  /** Ends the session; `run` resolves when its socket is closed. */
  end(how: SessionEnd): void {
    if (this.#ending.signal.aborted) return;
    this.#end = how;
    this.#ending.abort(new SessionNotWorking(this.id, 'it is being closed'));
    void this.#connection?.close();
  }

  /** Takes the device off the account, as far as the server can be told now, and ends. */
  async logout(): Promise<void> {
    const connection = this.#status.status === 'WORKING' ? this.#connection : undefined;
    if (connection) {
      this.#end = 'stopped';
      this.#ending.abort(new SessionNotWorking(this.id, 'it is being logged out'));
      await Promise.race([connection.logout(), sleep(LOGOUT_TIMEOUT_MS)]).catch((error: unknown) => {
        this.#log.warn(errorReason(error), 'the logout did not reach WhatsApp');
      });
      void connection.close();
      return;
    }
    this.end('stopped');
  }

  /** With the token of a new lease, the old one having expired unnoticed. False: someone else wrote in between. */
  async reclaim(fence: bigint): Promise<boolean> {
    this.#identity.fence = fence;
    return this.#auth ? this.#auth.reclaim(fence) : false;
  }

  async write(jid: string, text: string, messageId: string): Promise<void> {
    await this.#workingConnection().sendText(jid, text, messageId);
  }

  async rewrite(jid: string, text: string, messageId: string): Promise<void> {
    await this.#workingConnection().resendText(jid, text, messageId);
  }

  async otherAddress(jid: string): Promise<string | undefined> {
    return this.#workingConnection().otherAddress(jid);
  }

  async askRestriction(): Promise<boolean> {
    return this.#workingConnection().askRestrictions();
  }

  #workingConnection(): Connection {
    const { status, reason } = this.#status;
    const connection = this.#connection;
    if (status !== 'WORKING' || !connection) throw new SessionNotWorking(this.id, reason ?? status);
    return connection;
  }

  #say(status: SessionState, reason: string | null): void {
    if (this.#status.status === status && this.#status.reason === reason) return;
    const since = this.#status.status === status ? this.#status.since : new Date();
    this.#status = { status, reason, since };
    this.#log.info({ status, reason }, 'WhatsApp session');
    this.#context.onStatus(this);
  }

  #open(): Promise<AuthState> {
    const { signal } = this.#ending;
    const { id, paired } = this.#identity;
    const patience = new Patience({
      signal,
      limitMs: this.#context.stallLimitMs,
      onExhausted: () => {},
      trouble: this.#trouble,
    });
    return patience.run(() =>
      AuthState.open({
        db: this.#context.db,
        sessionId: id,
        fence: this.#identity.fence,
        paired,
        signal,
        log: this.#log,
        onFatal: (error) => this.#fatal(error),
      }),
    );
  }

  async #stayConnected(auth: AuthState): Promise<void> {
    const { signal } = this.#ending;
    let attempts = 0;
    let stalls = 0;
    let qrRounds = 0;
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one connection after the other
      const closed = await this.#connectOnce(auth);
      signal.throwIfAborted();
      stalls = stallsInRow(stalls, closed);
      if (closed.stalled && closed.code === undefined) {
        // Not WhatsApp's doing. The next connection waits until messages can be stored.
        // oxlint-disable-next-line no-await-in-loop -- as above
        await sleep(reconnectDelay(stalls - 1, Math.random()), undefined, { signal });
        continue;
      }
      if (closed.lastedMs > STABLE_MS && auth.creds.me) attempts = 0;
      const decision = decideReconnect(closed, { attempts, qrRounds }, Math.random());
      this.#log.info({ code: closed.code, ...decision }, 'WhatsApp connection closed');
      if (decision.action === 'stop') {
        this.#fail(decision.reason);
        return;
      }
      if (decision.error) this.#context.counters.error();
      if (closed.qrExpired) qrRounds += 1;
      else attempts += 1;
      this.#say('STARTING', decision.reason);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sleep(decision.delayMs, undefined, { signal });
    }
  }

  async #connectOnce(auth: AuthState): Promise<ClosedConnection> {
    const { db, network, client, sender, resender, counters } = this.#context;
    const over = new AbortController();
    const signal = AbortSignal.any([this.#ending.signal, over.signal]);
    let stalled = false;
    const patience = new Patience({
      signal,
      limitMs: this.#context.stallLimitMs,
      // What WhatsApp delivered and nobody acknowledged, it delivers again.
      onExhausted: () => {
        if (!this.#connection) return;
        stalled = true;
        this.#say('STARTING', 'connecting');
        void this.#connection.close();
      },
      trouble: this.#trouble,
    });
    // A login would only fetch messages that can't be stored.
    await patience.run(() => this.#inbox.tryToStore((tx) => auth.tryToWrite(tx)));
    this.#trouble.end();
    const startedAt = performance.now();
    const storedBefore = this.#inbox.lastInboundAt;
    const connection = new Connection({
      client,
      network,
      auth,
      patience,
      signal,
      log: this.#log,
      inbox: this.#inbox,
      onError: counters.error,
      commit: async (along) => (await patience.run(() => commitAlong(db, along)))(),
      findText: async (messageId) => {
        const text = await patience.run(() => findSentText(db, this.id, messageId));
        if (text === undefined) {
          this.#log.warn({ message_id: messageId }, 'a recipient asks for a message whose text is not kept');
        }
        return text;
      },
      on: {
        qr: (text) => {
          this.qr = text;
          this.#say('SCAN_QR_CODE', null);
        },
        paired: () => {
          this.qr = undefined;
          this.#say('STARTING', 'paired');
        },
        open: (me) => {
          this.#say('WORKING', null);
          void saveAccount({ db, id: this.id, me, patience, log: this.#log });
          void resender.run(this, over.signal);
          void this.#connection?.askRestrictions();
        },
        stalled: (isStalled) => {
          if (!signal.aborted) this.#doubts.stalled(isStalled);
        },
        reachoutTimelock: this.#doubts.timelock,
        newChatCap: this.#doubts.newChatCap,
        ack: (messageId, refusal) => void sender.acknowledged(this, messageId, refusal),
        receipt: async (receipt) => {
          try {
            await patience.run(() => resender.record(this.id, receipt));
          } catch (error) {
            if (!signal.aborted) {
              this.#log.error(
                errorFields(error),
                'a receipt could not be stored: WhatsApp delivers it again',
              );
            }
            throw error;
          }
        },
        message: (message, phoneOf) => this.#inbox.accept(message, phoneOf),
      },
    });
    this.#connection = connection;
    if (this.#ending.signal.aborted) void connection.close();
    const closed = await connection.closed;
    const lastedMs = performance.now() - startedAt;
    this.#connection = undefined;
    this.#doubts.forgetStall();
    this.qr = undefined;
    this.acks.rejectAll(new SessionNotWorking(this.id, 'the connection was lost before WhatsApp confirmed'));
    over.abort(new SessionNotWorking(this.id, 'the connection is closed'));
    // What the old connection still writes must not come after what the new one does.
    await patience.drained();
    const hasStored = this.#inbox.lastInboundAt !== storedBefore;
    return { ...closed, stalled, hasStored, lastedMs };
  }

  #fatal(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    if (error instanceof StaleOwner) {
      this.#log.warn(errorReason(error), 'another replica owns this WhatsApp session');
      this.end('lost');
      return;
    }
    this.#log.error({ err: error }, 'the WhatsApp session cannot go on');
    this.#context.counters.error();
    this.#fail(error instanceof CorruptAuthState ? 'auth_state_corrupt' : 'internal_error');
  }

  #fail(reason: string): void {
    this.#failure ??= reason;
    // FAILED is said when it is written down: from then on a start is a new start.
    this.#say('STARTING', this.#failure);
    this.end('failed');
  }
}
