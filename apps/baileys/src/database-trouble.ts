import { classifyDatabaseError } from '@prosaas/database';
import type { Logger } from '@prosaas/runtime';

/** A session's reason while its work waits for the database, by what the database answered. */
export function troubleReason(error: unknown): string {
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

/** That a session waits for the database: one line when it begins, one when it is over, however often it reconnects meanwhile. */
export class DatabaseTrouble {
  /** Undefined while there is none. */
  reason: string | undefined;
  readonly #log: Pick<Logger, 'warn' | 'info'>;
  readonly #onChange: () => void;
  #since = 0;

  constructor({ log, onChange }: { log: Pick<Logger, 'warn' | 'info'>; onChange: () => void }) {
    this.#log = log;
    this.#onChange = onChange;
  }

  readonly begin = (error: unknown): void => {
    const reason = troubleReason(error);
    if (this.reason === reason) return;
    if (this.reason === undefined) {
      this.#since = Date.now();
      const cause = error instanceof Error ? error.message : String(error);
      this.#log.warn(
        { reason, cause },
        'inbound messages wait for the database: WhatsApp keeps what is not acknowledged',
      );
    }
    this.reason = reason;
    this.#onChange();
  };

  readonly end = (): void => {
    if (this.reason === undefined) return;
    this.reason = undefined;
    this.#log.info({ seconds: Math.round((Date.now() - this.#since) / 1000) }, 'messages are stored again');
    this.#onChange();
  };
}
