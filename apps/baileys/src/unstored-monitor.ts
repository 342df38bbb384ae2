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

/** How long the content of a message that was acknowledged without it may take. A phone that is on sends it within seconds. */
const PENDING_MS = 24 * 3600_000;
const EVERY_MS = 10_000;

export interface UnstoredMonitorOptions {
  db: Database;
  log: Logger;
  /** @param messages how many expired: their content never came */
  onExpired: (messages: number) => void;
  everyMs?: number | undefined;
}

/**
 * Watches the messages that WhatsApp delivered and that are not in `messages` (table `unstored_messages`): expires those
 * whose content never came, and counts all by status, for the health check.
 */
export class UnstoredMonitor implements Disposable {
  /** Undefined while the database is unavailable. */
  counts: Record<UnstoredStatus, number> | undefined;
  readonly #ending = new AbortController();

  constructor(options: UnstoredMonitorOptions) {
    void this.#loop(options);
  }

  async #loop(options: UnstoredMonitorOptions): Promise<void> {
    const { db, everyMs = EVERY_MS } = options;
    const { signal } = this.#ending;
    let isMigrated = false;
    while (!signal.aborted) {
      try {
        isMigrated ||= await hasTable(db, 'unstored_messages');
        if (isMigrated) await this.#check(options);
      } catch {
        // The check of the database reports the reason.
        this.counts = undefined;
      }
      await delay(everyMs, undefined, { signal }).catch(() => {});
    }
  }

  async #check({ db, log, onExpired }: UnstoredMonitorOptions): Promise<void> {
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
