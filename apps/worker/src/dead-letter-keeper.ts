import type { DeadLetterMover } from '@prosaas/queues';
import { backoff, troubleOf, type Logger } from '@prosaas/runtime';

export interface DeadLetterKeeper extends AsyncDisposable {
  nudge(): void;
}

/** Moves failed jobs to the dead letter: when told that one failed, and on its own after a crash or an outage. */
export function startDeadLetterKeeper({
  mover,
  log,
  everyMs = 10_000,
}: {
  mover: DeadLetterMover;
  log: Logger;
  everyMs?: number;
}): DeadLetterKeeper {
  const trouble = troubleOf(log, {
    waiting: 'failed jobs cannot be moved to the dead letter yet',
    begins: 'failed jobs cannot be moved to the dead letter',
    ends: 'failed jobs are moved to the dead letter again',
  });
  let stopped = false;
  let nudged = false;
  let failures = 0;
  let wake: (() => void) | undefined;

  const loop = async (): Promise<void> => {
    do {
      nudged = false;
      try {
        const moved = await mover.sweep();
        if (moved > 0) log.warn({ moved }, 'failed jobs moved to the dead letter');
        failures = 0;
        trouble.worked();
      } catch (error) {
        failures += 1;
        trouble.failed(error);
      }
      if (stopped || (nudged && failures === 0)) continue;
      await new Promise<void>((resolve) => {
        const pauseMs = failures === 0 ? everyMs : backoff({ baseMs: 500, maxMs: everyMs }, failures);
        const timer = setTimeout(resolve, pauseMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    } while (!stopped);
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
