import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, type ReleasedJob, StaleOwner, findSentText } from '@prosaas/database';
import { type Logger, errorReason } from '@prosaas/runtime';
import { PendingAcks } from './pending-acks.ts';
import { CorruptAuthState } from './auth-codec.ts';
import { AuthState } from './auth-state.ts';
import { userOf } from './chat-id.ts';
import { commitInbound } from './inbound-write.ts';
import { type ClientOverrides, Connection, type WhatsAppNetwork } from './connection.ts';
import { DatabaseOutage } from './database-outage.ts';
import { SessionWarnings } from './session-warnings.ts';
import { errorFields } from './error-fields.ts';
import { SessionNotWorking } from './errors.ts';
import { Inbox, type InboxOptions } from './inbox.ts';
import { DatabaseRetrier } from './database-retrier.ts';
import { type ClosedConnection, keepConnected } from './reconnect-loop.ts';
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
  /**
   * How long the client may wait for the database before its socket is closed. WhatsApp keeps the messages that are not
   * acknowledged.
   */
  stallLimitMs: number;
  sender: Sender;
  resender: Resender;
  counters: {
    inbound: () => void;
    /** @param ms from the arrival of a message's stanza until the message was stored */
    stored: (ms: number) => void;
    error: () => void;
    unstored: InboxOptions['onUnstored'];
  };
  /** Adds a released job to BullMQ. */
  enqueue: (released: ReleasedJob | undefined) => void;
  onStatus: (session: Session) => void;
}

export interface SessionIdentity {
  id: string;
  businessId: string;
  /** Whether it was paired. Missing credentials are an error then, else a new session. */
  paired: boolean;
  /** The token of this replica's lease. */
  fence: bigint;
}

/** stopped: on request. lost: another replica owns it. failed: it stops until a person acts; the reason is in the database. */
export type SessionEnd = 'stopped' | 'lost' | 'failed';

const LOGOUT_TIMEOUT_MS = 5000;

/** A WhatsApp session that this replica holds: its auth state, its status, and one connection after the other. */
export class Session implements SendingSession, ResendingSession {
  readonly id: string;
  readonly businessId: string;
  readonly acks: PendingAcks = new PendingAcks();
  /** The text of the QR code to scan now. */
  qr: string | undefined;
  readonly #identity: SessionIdentity;
  readonly #context: SessionContext;
  readonly #log: Logger;
  readonly #ending = new AbortController();
  readonly #inbox: Inbox;
  readonly #outage: DatabaseOutage;
  readonly #warnings: SessionWarnings;
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
    this.#outage = new DatabaseOutage({
      log: context.log,
      session: identity.id,
      onChange: () => context.onStatus(this),
    });
    this.#warnings = new SessionWarnings({ log: this.#log, onChange: () => context.onStatus(this) });
    this.#inbox = new Inbox({
      db: context.db,
      sessionId: identity.id,
      businessId: identity.businessId,
      me: () => this.#auth?.creds.me,
      signal: this.#ending.signal,
      log: this.#log,
      onStored: ({ origin, released, tookMs }) => {
        context.enqueue(released);
        if (origin !== 'customer') return;
        context.counters.inbound();
        if (tookMs !== undefined) context.counters.stored(tookMs);
      },
      onUnstored: context.counters.unstored,
      onError: context.counters.error,
    });
  }

  /** Whether it is being closed, for any reason. */
  get ending(): boolean {
    return this.#ending.signal.aborted;
  }

  get account(): string | undefined {
    return userOf(this.#auth?.creds.me?.id);
  }

  get restriction(): Restriction | undefined {
    return this.#warnings.restrictions[0];
  }

  get status(): SessionStatus {
    const { status } = this.#status;
    const isUp = status === 'WORKING' || status === 'STARTING';
    const warning = status === 'WORKING' ? this.#warnings.reason : undefined;
    const reason = (isUp ? this.#outage.reason : undefined) ?? this.#status.reason ?? warning ?? null;
    const { restrictions } = this.#warnings;
    return { ...this.#status, reason, lastInboundAt: this.#inbox.lastInboundAt ?? null, restrictions };
  }

  /** Runs until the session is stopped, is lost, or fails for good. Never rejects. */
  async run(): Promise<SessionEnd> {
    const { signal } = this.#ending;
    try {
      const auth = await this.#openAuthState();
      this.#auth = auth;
      const reason = await keepConnected({
        connect: () => this.#connectOnce(auth),
        isPaired: () => auth.creds.me !== undefined,
        signal,
        log: this.#log,
        onReconnect: ({ reason: why, isError }) => {
          if (isError) this.#context.counters.error();
          this.#setStatus('STARTING', why);
        },
      });
      this.#fail(reason);
    } catch (error) {
      if (!signal.aborted) this.#handleFatal(error);
    }
    this.#outage.forget();
    this.#connection = undefined;
    this.qr = undefined;
    if (this.#failure !== undefined) {
      this.#end = 'failed';
      await saveFailure({ db: this.#context.db, id: this.id, reason: this.#failure, log: this.#log });
      this.#setStatus('FAILED', this.#failure);
    } else this.#setStatus('STOPPED', this.#end === 'lost' ? 'lost' : null);
    return this.#end;
  }

  /** Ends the session; `run` resolves when its socket is closed. */
  end(how: SessionEnd): void {
    if (this.#ending.signal.aborted) return;
    this.#end = how;
    this.#ending.abort(new SessionNotWorking(this.id, 'it is being closed'));
    void this.#connection?.close();
  }

  /** Ends the session. Unlinks the device from the account if the session is connected. */
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

  /** Takes the fence of a new lease, after the old one has expired. False: another replica wrote to the auth state in between. */
  async reclaim(fence: bigint): Promise<boolean> {
    this.#identity.fence = fence;
    return this.#auth ? this.#auth.reclaim(fence) : false;
  }

  async write(jid: string, text: string, messageId: string): Promise<void> {
    await this.#workingConnection().sendText(jid, text, messageId);
  }

  async resend(jid: string, text: string, messageId: string): Promise<void> {
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

  #setStatus(status: SessionState, reason: string | null): void {
    if (this.#status.status === status && this.#status.reason === reason) return;
    const since = this.#status.status === status ? this.#status.since : new Date();
    this.#status = { status, reason, since };
    this.#log.info({ status, reason }, 'WhatsApp session');
    this.#context.onStatus(this);
  }

  #openAuthState(): Promise<AuthState> {
    const { signal } = this.#ending;
    const { id, paired } = this.#identity;
    const retrier = new DatabaseRetrier({
      signal,
      limitMs: this.#context.stallLimitMs,
      outage: this.#outage,
    });
    return retrier.run(() =>
      AuthState.open({
        db: this.#context.db,
        sessionId: id,
        fence: this.#identity.fence,
        paired,
        signal,
        log: this.#log,
        onFatal: (error) => this.#handleFatal(error),
      }),
    );
  }

  async #connectOnce(auth: AuthState): Promise<ClosedConnection> {
    const { db, network, client, sender, resender, counters } = this.#context;
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#ending.signal, ended.signal]);
    let stalled = false;
    const retrier = new DatabaseRetrier({
      signal,
      limitMs: this.#context.stallLimitMs,
      // WhatsApp delivers again what was not acknowledged.
      onExhausted: () => {
        if (!this.#connection) return;
        stalled = true;
        this.#setStatus('STARTING', 'connecting');
        void this.#connection.close();
      },
      outage: this.#outage,
    });
    // Without this, a login would fetch messages that can't be stored.
    await retrier.run(() => this.#inbox.probeStorage((tx) => auth.probeWrite(tx)));
    this.#outage.end();
    const startedAt = performance.now();
    const storedBefore = this.#inbox.lastInboundAt;
    const connection = new Connection({
      client,
      network,
      auth,
      retrier,
      signal,
      log: this.#log,
      inbox: this.#inbox,
      onError: counters.error,
      commit: async (write) => {
        const afterCommit = await retrier.run(() => commitInbound(db, write));
        afterCommit();
      },
      findText: async (messageId) => {
        const text = await retrier.run(() => findSentText(db, this.id, messageId));
        if (text === undefined) {
          this.#log.warn(
            { message_id: messageId },
            'a recipient asks for a message whose text is not kept any more',
          );
        }
        return text;
      },
      on: {
        qr: (text) => {
          this.qr = text;
          this.#setStatus('SCAN_QR_CODE', null);
        },
        paired: () => {
          this.qr = undefined;
          this.#setStatus('STARTING', 'paired');
        },
        open: (me) => {
          this.#setStatus('WORKING', null);
          void saveAccount({ db, id: this.id, me, retrier, log: this.#log });
          void resender.run(this, ended.signal);
          void this.#connection?.askRestrictions();
        },
        stalled: (isStalled) => {
          if (!signal.aborted) this.#warnings.stalled(isStalled);
        },
        reachoutTimelock: this.#warnings.timelock,
        newChatCap: this.#warnings.newChatCap,
        ack: (messageId, refusal) => void sender.acknowledged(this, messageId, refusal),
        receipt: async (receipt) => {
          try {
            await retrier.run(() => resender.record(this.id, receipt));
          } catch (error) {
            if (!signal.aborted) {
              this.#log.error(
                errorFields(error),
                'a receipt could not be stored; WhatsApp delivers it again',
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
    this.#warnings.clearStall();
    this.qr = undefined;
    this.acks.rejectAll(new SessionNotWorking(this.id, 'the connection was lost before WhatsApp confirmed'));
    ended.abort(new SessionNotWorking(this.id, 'the connection is closed'));
    // Writes of the old connection must not come after those of the next one.
    await retrier.drained();
    const hasStored = this.#inbox.lastInboundAt !== storedBefore;
    return { ...closed, stalled, hasStored, lastedMs };
  }

  #handleFatal(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    if (error instanceof StaleOwner) {
      this.#log.warn(errorReason(error), 'another replica owns this WhatsApp session');
      this.end('lost');
      return;
    }
    this.#log.error({ err: error }, 'the WhatsApp session failed');
    this.#context.counters.error();
    this.#fail(error instanceof CorruptAuthState ? 'auth_state_corrupt' : 'internal_error');
  }

  #fail(reason: string): void {
    this.#failure ??= reason;
    // The status is FAILED once the reason is saved: from then on the session can be started again.
    this.#setStatus('STARTING', this.#failure);
    this.end('failed');
  }
}
