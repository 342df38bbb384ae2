import { classifyDatabaseError } from '@prosaas/database';
import { type Logger, type OutageLog, outageLog } from '@prosaas/runtime';

/** The reason that a session shows while its work waits for the database. */
export function outageReason(error: unknown): string {
  const found = classifyDatabaseError(error);
  switch (found?.kind) {
    case 'unavailable':
    case 'busy':
      return 'database_unavailable';
    case 'cannot_write':
      return found.reason === 'error' ? 'database_cannot_write' : `database_${found.reason}`;
    case 'mismatch':
      return found.reason === 'error' ? 'database_mismatch' : `database_${found.reason}`;
    default:
      return 'database_error';
  }
}

/** Reports that a session waits for the database, in its reason and in the log. It outlasts the session's connections. */
export class DatabaseOutage {
  /** Undefined while there is no outage. */
  reason: string | undefined;
  readonly #session: string;
  readonly #onChange: () => void;
  readonly #log: OutageLog;

  /** @param log of the service, so that one outage makes one line for all sessions */
  constructor({ log, session, onChange }: { log: Logger; session: string; onChange: () => void }) {
    this.#session = session;
    this.#onChange = onChange;
    this.#log = outageLog(log, {
      waiting: 'sessions wait for the database',
      begins: 'inbound messages wait for the database: WhatsApp keeps what is not acknowledged',
      ends: 'messages are stored again',
    });
  }

  readonly begin = (error: unknown): void => {
    const reason = outageReason(error);
    this.#log.failed(error, { source: this.#session, fields: { session: this.#session, reason } });
    if (this.reason === reason) return;
    this.reason = reason;
    this.#onChange();
  };

  readonly end = (): void => {
    this.#log.worked(this.#session);
    if (this.reason === undefined) return;
    this.reason = undefined;
    this.#onChange();
  };

  /** The session has ended. */
  forget(): void {
    this.#log.forget(this.#session);
  }
}
