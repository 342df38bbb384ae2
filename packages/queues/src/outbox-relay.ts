import { deleteFromOutbox, takeFromOutbox, type Database } from '@prosaas/database';
import { backoff, troubleOf, type Logger } from '@prosaas/runtime';
import type { Producer } from './producer.ts';
import { queueNames, type QueueName } from './queue-table.ts';

const BATCH = 200;
const FAILURE_PAUSE = { baseMs: 250, maxMs: 2000, jitter: 0.5 };

export interface OutboxRelay extends AsyncDisposable {
  /** Something was committed: look now instead of at the next tick. */
  nudge(): void;
}

/**
 * Enqueues what was committed to the outbox. A row is deleted, and its deletion committed, after its job is in Redis; whatever
 * goes wrong between is repeated under the same key, which Redis takes for the job it has. Several relays share the work
 * (SKIP LOCKED). While Redis or PostgreSQL is away it waits, longer each time, and nothing is lost.
 */
export function startOutboxRelay({
  db,
  producer,
  log,
  everyMs = 1000,
}: {
  db: Database;
  producer: Producer;
  log: Logger;
  everyMs?: number;
}): OutboxRelay {
  const trouble = troubleOf(log, {
    waiting: 'the outbox cannot be relayed yet: jobs wait in the database',
    begins: 'the outbox cannot be relayed: jobs wait in the database',
    ends: 'the outbox is relayed again',
  });
  let stopped = false;
  let nudged = false;
  let failures = 0;
  let wake: (() => void) | undefined;

  const pass = async (): Promise<number> =>
    db.transaction(async (tx) => {
      const rows = await takeFromOutbox(tx, { queues: queueNames, limit: BATCH });
      if (rows.length === 0) return 0;
      await producer.enqueueUnchecked(
        rows.map(({ queue, key, payload, trace, replay_of: replayOf, run_at: runAt }) => ({
          queue: queue as QueueName,
          key,
          payload,
          trace: trace ?? undefined,
          replayOf: replayOf ?? undefined,
          runAt: runAt ?? undefined,
        })),
      );
      await deleteFromOutbox(
        tx,
        rows.map(({ id }) => id),
      );
      return rows.length;
    });

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const loop = async (): Promise<void> => {
    while (!stopped) {
      nudged = false;
      let pauseMs = everyMs;
      try {
        const moved = await pass();
        failures = 0;
        trouble.worked();
        if (moved === BATCH) continue;
      } catch (error) {
        failures += 1;
        trouble.failed(error);
        pauseMs = backoff(FAILURE_PAUSE, failures);
      }
      // A nudge during the pass may have come for a row that it did not see; after a failure it can't help.
      if (stopped || (nudged && failures === 0)) continue;
      await pause(pauseMs);
    }
  };
  const running = loop();

  return {
    nudge() {
      nudged = true;
      if (failures === 0) wake?.();
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      wake?.();
      await running;
      trouble.forget();
    },
  };
}
