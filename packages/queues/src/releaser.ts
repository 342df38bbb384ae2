import { setTimeout as delay } from 'node:timers/promises';
import { type Database, releaseDue } from '@prosaas/database';
import { backoff, outageLog, type Logger } from '@prosaas/runtime';
import { queueNames } from './queue-table.ts';
import type { Relay } from './relay.ts';

const BATCH = 500;
const RETRY = { baseMs: 250, maxMs: 2000, jitter: 0.5 };

/**
 * Polls for jobs that no commit releases: delayed jobs that are due, jobs written by older versions, and jobs whose process died before it
 * released the next one. One replica at a time polls. Waits out an outage of PostgreSQL.
 */
export function startReleaser({
  db,
  relay,
  log,
  everyMs = 1000,
}: {
  db: Database;
  relay: Relay;
  log: Logger;
  everyMs?: number;
}): AsyncDisposable {
  const outage = outageLog(log, {
    waiting: 'due jobs cannot be released yet',
    begins: 'due jobs cannot be released',
    ends: 'due jobs are released again',
  });
  const ending = new AbortController();
  let failures = 0;

  const pass = async (): Promise<number> => {
    const released = await db.transaction((tx) => releaseDue(tx, { queues: queueNames, limit: BATCH }));
    relay.enqueue(released);
    return released.length;
  };

  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      let pauseMs = everyMs;
      try {
        const released = await pass();
        failures = 0;
        outage.worked();
        if (released === BATCH) continue;
      } catch (error) {
        failures += 1;
        outage.failed(error);
        pauseMs = backoff(RETRY, failures);
      }
      await delay(pauseMs, undefined, { signal: ending.signal }).catch(() => {});
    }
  };
  const running = loop();
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
      outage.forget();
    },
  };
}
