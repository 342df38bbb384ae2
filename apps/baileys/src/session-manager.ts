import { type Database, findSession, listRunnableSessions } from '@prosaas/database';
import { type Logger, outageLog } from '@prosaas/runtime';
import { SessionMoved } from './errors.ts';
import { type HeldSession, renewHold } from './held-session.ts';
import type { Owners } from './owners.ts';
import type { Session, SessionEnd, SessionIdentity } from './session.ts';
import { type SessionStatus, publishedStatus } from './session-status.ts';

export interface SessionManagerOptions {
  db: Database;
  owners: Owners;
  log: Logger;
  /** How often the manager looks for sessions that no replica runs. */
  everyMs: number;
  makeSession: (identity: SessionIdentity) => Session;
}

const STARTS_AT_ONCE = 8;

/**
 * The sessions that this replica holds. Exactly one replica runs each session that is to run: the one that has its lease.
 *
 * A lost lease ends the session at once. While Redis is unavailable, the sessions that are held go on: no other replica
 * can acquire them either, and the fence of the auth state stops writes of a replica that lost its lease unnoticed.
 */
export class SessionManager implements AsyncDisposable {
  /** Redis did not answer at the last renewal. */
  ownershipInDoubt = false;
  /** The first reconciliation is over, with or without success. */
  hasReconciled = false;
  readonly #options: SessionManagerOptions;
  readonly #held = new Map<string, HeldSession>();
  readonly #timers: NodeJS.Timeout[] = [];
  #reconciling: Promise<void> | undefined;
  #reconcileAgain = false;
  #draining = false;

  constructor(options: SessionManagerOptions) {
    this.#options = options;
  }

  start(): void {
    const { everyMs, owners } = this.#options;
    this.#timers.push(
      setInterval(() => void this.reconcile(), everyMs),
      setInterval(() => void this.#renewAll(), Math.ceil(owners.leaseMs / 3)),
    );
    void this.reconcile();
  }

  /** Stops taking sessions. */
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
   * Ends a session. `beforeRelease` runs when its socket is closed, before another replica can acquire the session.
   *
   * @returns false when this replica does not hold the session
   */
  async end(
    id: string,
    options: { logout?: boolean; beforeRelease?: (fence: bigint) => Promise<void> } = {},
  ): Promise<boolean> {
    const held = this.#held.get(id);
    if (!held) return false;
    if (options.beforeRelease) held.beforeRelease = options.beforeRelease;
    if (options.logout) await held.session.logout();
    else held.session.end('stopped');
    await held.ended;
    if (held.releaseFailure) throw held.releaseFailure;
    return true;
  }

  /** Resolves when a session that is being closed is closed; at once for any other. */
  async waitIfEnding(id: string): Promise<void> {
    const held = this.#held.get(id);
    if (held?.session.ending) await held.ended;
  }

  /** Runs `work` while holding the lease of a session that no replica runs. False while another replica holds it. */
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

  /** Takes the sessions that are to run and that no replica holds; ends those that are not to run any more. */
  reconcile(): Promise<void> {
    if (this.#reconciling) this.#reconcileAgain = true;
    this.#reconciling ??= this.#reconcileWhileRequested().finally(() => {
      this.#reconciling = undefined;
    });
    return this.#reconciling;
  }

  async #reconcileWhileRequested(): Promise<void> {
    do {
      this.#reconcileAgain = false;
      // oxlint-disable-next-line no-await-in-loop -- one pass at a time
      await this.#reconcileOnce();
    } while (this.#reconcileAgain);
  }

  async #reconcileOnce(): Promise<void> {
    const { db, owners, log } = this.#options;
    const outage = outageLog(log, {
      waiting: 'WhatsApp sessions cannot be taken yet',
      begins: 'WhatsApp sessions cannot be taken; those held go on',
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
      this.hasReconciled = true;
    }
  }

  async #take(id: string): Promise<void> {
    const { db, owners, log, makeSession } = this.#options;
    const ownership = await owners.acquire(id);
    if (!ownership) return;
    // Read again: it may have been stopped while the lease was acquired.
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
    const held: HeldSession = { session, ownership, ended: Promise.resolve() };
    this.#held.set(id, held);
    held.ended = session.run().then((end) => this.#release(held, end));
    this.publish(session);
  }

  async #release(held: HeldSession, end: SessionEnd): Promise<void> {
    const { owners, log } = this.#options;
    const { id } = held.session;
    try {
      if (end === 'lost') throw new SessionMoved(id);
      await held.beforeRelease?.(held.ownership.fence);
    } catch (error) {
      held.releaseFailure = error instanceof Error ? error : new Error(String(error));
    }
    try {
      if (end !== 'lost') await owners.withdraw(id);
      await held.ownership.release();
    } catch (error) {
      log.debug({ err: error, session: id }, 'the lease was not released; it expires');
    }
    this.#held.delete(id);
    log.info({ session: id, end }, 'WhatsApp session released');
  }

  /** Publishes the status of a session to the other replicas. */
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

  async #renew(held: HeldSession): Promise<void> {
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
    await this.#reconciling;
    const held = [...this.#held.values()];
    for (const { session } of held) session.end('stopped');
    await Promise.all(held.map(({ ended }) => ended));
  }
}
