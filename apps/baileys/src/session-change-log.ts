import { type Database, DeferredWrites, addSessionChange } from '@prosaas/database';
import type { Logger } from '@prosaas/runtime';
import type { SessionStatus } from './session-status.ts';

interface ObservedSession {
  readonly id: string;
  readonly status: Pick<SessionStatus, 'status' | 'reason'>;
}

/** Records the status changes of this replica's sessions. The writes are deferred, so that sessions never wait for the database. */
export class SessionChangeLog implements AsyncDisposable {
  readonly #db: Database;
  readonly #writes: DeferredWrites;
  /** The last recorded status of each session. */
  readonly #last = new WeakMap<ObservedSession, string>();

  constructor({ db, log }: { db: Database; log: Logger }) {
    this.#db = db;
    this.#writes = new DeferredWrites({
      log,
      limits: { entries: 1000, bytes: Infinity },
      outage: {
        waiting: 'changes of WhatsApp sessions cannot be written yet',
        begins: 'changes of WhatsApp sessions cannot be written; they wait',
        ends: 'changes of WhatsApp sessions are written again',
      },
      full: 'too many changes of WhatsApp sessions wait for the database: more are lost',
      lost: 'changes of WhatsApp sessions were not written',
    });
  }

  /** Records the status of a session if it has changed. */
  note(session: ObservedSession): void {
    const { status, reason } = session.status;
    // The replica that has it now records its status.
    if (status === 'STOPPED' && reason === 'lost') return;
    const current = `${status} ${reason}`;
    if (this.#last.get(session) === current) return;
    this.#last.set(session, current);
    const changedAt = performance.now();
    this.#writes.add({
      bytes: 0,
      write: () =>
        addSessionChange(this.#db, {
          sessionId: session.id,
          status,
          reason,
          secondsAgo: (performance.now() - changedAt) / 1000,
        }),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#writes[Symbol.asyncDispose]();
  }
}
