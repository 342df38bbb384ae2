import { type Database, DeferredWrites, addSessionChange } from '@prosaas/database';
import type { Logger } from '@prosaas/runtime';
import type { SessionStatus } from './session-status.ts';

interface Changing {
  readonly id: string;
  readonly status: Pick<SessionStatus, 'status' | 'reason'>;
}

/** Writes down how the sessions of this replica change, beside their work: a database that is away gets it later. */
export class SessionChangeLog implements AsyncDisposable {
  readonly #db: Database;
  readonly #writes: DeferredWrites;
  /** What was said last of each session. */
  readonly #last = new WeakMap<Changing, string>();

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

  /** A session is perhaps another way than before. */
  note(session: Changing): void {
    const { status, reason } = session.status;
    // Another replica has it, and says how it is.
    if (status === 'STOPPED' && reason === 'lost') return;
    const said = `${status} ${reason}`;
    if (this.#last.get(session) === said) return;
    this.#last.set(session, said);
    const began = performance.now();
    this.#writes.add({
      bytes: 0,
      write: () =>
        addSessionChange(this.#db, {
          sessionId: session.id,
          status,
          reason,
          secondsAgo: (performance.now() - began) / 1000,
        }),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#writes[Symbol.asyncDispose]();
  }
}
