import { setTimeout as delay } from 'node:timers/promises';
import {
  type Database,
  type UnstoredStatus,
  countUnstoredMessages,
  databaseTime,
  expirePlaceholders,
  hasTable,
} from '@prosaas/database';
import type { Logger } from '@prosaas/runtime';

/** For so long the content of a message that was acknowledged without it may still come. A phone that is on answers in seconds. */
const PENDING_MS = 24 * 3600_000;
const EVERY_MS = 10_000;

export interface UnstoredKeeperOptions {
  db: Database;
  log: Logger;
  /** So many messages never arrived. */
  onExpired: (messages: number) => void;
  everyMs?: number | undefined;
}

/** Gives up messages whose content never came, and counts those that are not stored, for health. */
export class UnstoredKeeper implements Disposable {
  /** Undefined while the database does not say. */
  counts: Record<UnstoredStatus, number> | undefined;
  readonly #ending = new AbortController();

  constructor(options: UnstoredKeeperOptions) {
    void this.#loop(options);
  }

  async #loop(options: UnstoredKeeperOptions): Promise<void> {
    const { db, everyMs = EVERY_MS } = options;
    const { signal } = this.#ending;
    let isMigrated = false;
    while (!signal.aborted) {
      try {
        isMigrated ||= await hasTable(db, 'unstored_messages');
        if (isMigrated) await this.#look(options);
      } catch {
        // The database's own check tells why.
        this.counts = undefined;
      }
      await delay(everyMs, undefined, { signal }).catch(() => {});
    }
  }

  async #look({ db, log, onExpired }: UnstoredKeeperOptions): Promise<void> {
    const expired = await expirePlaceholders(db, new Date((await databaseTime(db)).getTime() - PENDING_MS));
    if (expired > 0) {
      onExpired(expired);
      log.warn({ messages: expired }, 'the content of messages never arrived');
    }
    this.counts = await countUnstoredMessages(db);
  }

  [Symbol.dispose](): void {
    this.#ending.abort();
  }
}
