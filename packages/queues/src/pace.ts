import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { openBull } from './bull-handle.ts';
import { turnsKey } from './queue-keys.ts';
import type { QueueDefinition, QueueName } from './queue-table.ts';

/** Turns of all processes together, evenly spaced. */
export interface Pace {
  /** Resolves when the turn has come; rejects with `TurnMissed` when `signal` aborts before, with `QueuesUnavailable` while Redis is away. */
  turn(signal: AbortSignal): Promise<void>;
}

/** It had to end before its turn came. */
export class TurnMissed extends Error {
  override name = 'TurnMissed';
}

/** Who waits longer asks again: turns of those who die meanwhile are lost, and a Redis that forgets gives them out once more. */
const LONGEST_MS = 5000;
/** A turn that was slept through is another's time. */
const LATE_MS = 1000;

/** That of a queue's effects. Without a rate it is always somebody's turn. */
export function createPace({
  redis,
  bullPrefix,
  queue,
  rate,
}: {
  redis: Redis;
  bullPrefix: string;
  queue: QueueName;
  rate: QueueDefinition['rateLimit'] | undefined;
}): Pace {
  if (rate === undefined) return { turn: async () => {} };
  const bull = openBull(redis, bullPrefix);
  const script = [turnsKey(bullPrefix, queue), (rate.perMs * 1000) / rate.max, LONGEST_MS * 1000];
  return {
    async turn(signal) {
      for (;;) {
        const waitMs = (await bull.run('takeTurn', script)) / 1000;
        if (signal.aborted) throw new TurnMissed('the turn came too late', { cause: signal.reason });
        if (waitMs === 0) return;
        const due = performance.now() + waitMs;
        try {
          await delay(waitMs < 0 ? LONGEST_MS / 4 : waitMs, undefined, { signal });
        } catch (cause) {
          throw new TurnMissed('the turn did not come', { cause });
        }
        if (waitMs > 0 && performance.now() < due + LATE_MS) return;
      }
    },
  };
}
