import { type Database, findSession, listRunnableSessions } from '@prosaas/database';
import { type Logger, outageLog } from '@prosaas/runtime';
import { NotHeldHere } from './errors.ts';
import { type Held, renewHold } from './held-session.ts';
import type { Owners } from './owners.ts';
import type { Session, SessionEnd, SessionIdentity } from './session.ts';
import { type SessionStatus, publishedStatus } from './session-status.ts';

export interface SessionManagerOptions {
  db: Database;
  owners: Owners;
  log: Logger;
  /** How often sessions that nobody runs are looked for. */
  everyMs: number;
  makeSession: (identity: SessionIdentity) => Session;
}

const STARTS_AT_ONCE = 8;

/**
 * The sessions that this replica holds. Every session that is wanted is run by exactly one replica: whoever gets its
 * lease. A lease that is lost ends the session at once; while Redis can't be asked, sessions that are held go on (nobody
 * else can get them either, and the fence of the auth state stops a writer who is wrong about it).
 */
export class SessionManager implements AsyncDisposable {
  /** Redis could not be asked at the last renewal. */
  ownershipInDoubt = false;
  /** The first look for sessions was made, with or without success. */
  looked = false;
  readonly #options: SessionManagerOptions;
  readonly #held = new Map<string, Held>();
  readonly #timers: NodeJS.Timeout[] = [];
  #pass: Promise<void> | undefined;
  #again = false;
  #draining = false;

  constructor(options: SessionManagerOptions) {
    this.#options = options;
  }

  start(): void {
    const { everyMs, owners } = this.#options;
    this.#timers.push(
      setInterval(() => void this.look(), everyMs),
      setInterval(() => void this.#renewAll(), Math.ceil(owners.leaseMs / 3)),
    );
    void this.look();
  }

  /** From now on no further session is taken. */
  drain(): void {
    this.#draining = true;
  }

  get count(): number {
    return this.#held.size;
  }

  statuses(): { id: string; status: SessionStatus }[] {
    return [...this.#held.values()].map(({ session }) => ({
      id: session.id,
      status: this.statusOf(session),
    }));
  }

  statusOf(session: Session): SessionStatus {
    const { status } = session;
    const doubted = this.ownershipInDoubt && status.status === 'WORKING' && status.reason === null;
    return doubted ? { ...status, reason: 'redis_unavailable' } : status;
  }

  find(id: string): Session | undefined {
    return this.#held.get(id)?.session;
  }

  /**
   * Ends a session that this replica holds; false when it does not. `atEnd` runs when its socket is closed, before another
   * replica can get it.
   */
  async end(
    id: string,
    options: { logout?: boolean; atEnd?: (fence: bigint) => Promise<void> } = {},
  ): Promise<boolean> {
    const held = this.#held.get(id);
    if (!held) return false;
    if (options.atEnd) held.atEnd = options.atEnd;
    if (options.logout) await held.session.logout();
    else held.session.end('stopped');
    await held.over;
    if (held.atEndFailure) throw held.atEndFailure;
    return true;
  }

  /** Waits for a session that is being closed to be closed. */
  async settle(id: string): Promise<void> {
    const held = this.#held.get(id);
    if (held?.session.ending) await held.over;
  }

  /** Runs `work` as the owner of a session that nobody runs; false while another replica holds it. */
  async asOwner(id: string, work: (fence: bigint) => Promise<void>): Promise<boolean> {
    const ownership = await this.#options.owners.acquire(id);
    if (!ownership) return false;
    try {
      await work(ownership.fence);
    } finally {
      await ownership.release();
    }
    return true;
  }

  /** Takes what is wanted and nobody holds; lets go of what is not wanted any more. */
  look(): Promise<void> {
    if (this.#pass) this.#again = true;
    this.#pass ??= this.#lookWhileAsked().finally(() => {
      this.#pass = undefined;
    });
    return this.#pass;
  }

  async #lookWhileAsked(): Promise<void> {
    do {
      this.#again = false;
      // oxlint-disable-next-line no-await-in-loop -- one pass at a time
      await this.#lookOnce();
    } while (this.#again);
  }

  async #lookOnce(): Promise<void> {
    const { db, owners, log } = this.#options;
    const outage = outageLog(log, {
      waiting: 'WhatsApp sessions cannot be taken yet',
      begins: 'no WhatsApp session can be taken; those held go on',
      ends: 'WhatsApp sessions can be taken again',
    });
    try {
      const wanted = new Map((await listRunnableSessions(db)).map((row) => [row.id, row]));
      outage.worked();
      for (const [id, { session }] of this.#held) {
        if (!wanted.has(id)) session.end('stopped');
      }
      const free = await owners.unowned([...wanted.keys()].filter((id) => !this.#held.has(id)));
      while (free.length > 0 && !this.#draining) {
        // oxlint-disable-next-line no-await-in-loop -- a few at a time
        await Promise.all(free.splice(0, STARTS_AT_ONCE).map((id) => this.#take(id)));
      }
    } catch (error) {
      outage.failed(error);
    } finally {
      this.looked = true;
    }
  }

  async #take(id: string): Promise<void> {
    const { db, owners, log, makeSession } = this.#options;
    const ownership = await owners.acquire(id);
    if (!ownership) return;
    // As it is now: it may have been stopped while the lease was on its way.
    const row = await findSession(db, id).catch(() => undefined);
    if (!row || row.wanted !== 'started' || row.last_error !== null || this.#draining || this.#held.has(id)) {
      await ownership.release();
      return;
    }
    const session = makeSession({
      id,
      businessId: row.business_id,
      paired: row.phone_number !== null,
      fence: ownership.fence,
    });
    log.info({ session: id, fence: String(ownership.fence) }, 'WhatsApp session taken');
    const held: Held = { session, ownership, over: Promise.resolve() };
    this.#held.set(id, held);
    held.over = session.run().then((end) => this.#ended(held, end));
    this.publish(session);
  }

  async #ended(held: Held, end: SessionEnd): Promise<void> {
    const { owners, log } = this.#options;
    const { id } = held.session;
    try {
      if (end === 'lost') throw new NotHeldHere(id);
      await held.atEnd?.(held.ownership.fence);
    } catch (error) {
      held.atEndFailure = error instanceof Error ? error : new Error(String(error));
    }
    try {
      if (end !== 'lost') await owners.withdraw(id);
      await held.ownership.release();
    } catch (error) {
      log.debug({ err: error, session: id }, 'the lease was not released; it expires');
    }
    this.#held.delete(id);
    log.info({ session: id, end }, 'WhatsApp session let go');
  }

  /** Tells the other replicas how a session is. */
  publish(session: Session): void {
    const { owners, log } = this.#options;
    if (this.#held.get(session.id)?.session !== session) return;
    owners.publish(session.id, publishedStatus(this.statusOf(session))).catch((error: unknown) => {
      log.debug({ err: error, session: session.id }, 'the status of a session was not published');
    });
  }

  async #renewAll(): Promise<void> {
    const renewals = await Promise.allSettled([...this.#held.values()].map((held) => this.#renew(held)));
    const failure = renewals.find((renewal) => renewal.status === 'rejected');
    this.ownershipInDoubt = failure !== undefined;
    const outage = outageLog(this.#options.log, {
      waiting: 'the leases of WhatsApp sessions cannot be renewed yet',
      begins: 'the leases of WhatsApp sessions cannot be renewed; those held go on',
      ends: 'the leases of WhatsApp sessions are renewed again',
    });
    if (failure) outage.failed(failure.reason);
    else outage.worked();
  }

  async #renew(held: Held): Promise<void> {
    if (await renewHold(held, this.#options.owners)) {
      this.publish(held.session);
      return;
    }
    this.#options.log.warn({ session: held.session.id }, 'the lease of a WhatsApp session is lost');
    held.session.end('lost');
  }

  /** Closes every socket, without a logout, and releases every lease. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#draining = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#pass;
    const held = [...this.#held.values()];
    for (const { session } of held) session.end('stopped');
    await Promise.all(held.map(({ over }) => over));
  }
}
