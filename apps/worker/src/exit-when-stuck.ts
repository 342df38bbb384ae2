import { startWatchdog } from '@prosaas/observability';
import type { Identity, Logger } from '@prosaas/runtime';

/** EX_SOFTWARE of sysexits.h: distinguishes a stuck worker from a crash in an orchestrator's log. */
const EXIT_CODE = 70;

class WorkerStuck extends Error {
  override name = 'WorkerStuck';
  exitCode: number = EXIT_CODE;
}

/** Ends the process when it is stuck, so that it is restarted. */
export interface StuckExit extends AsyncDisposable {
  /** For the heartbeat, which notices stuck consumers; undefined if switched off. */
  giveUp: { afterSeconds: number; run: (failing: Readonly<Record<string, string>>) => void } | undefined;
}

/** Starts a watchdog over the event loop. `afterSeconds` of 0 switches off both the watchdog and the heartbeat's `giveUp`. */
export function exitWhenStuck({
  afterSeconds,
  identity,
  log,
}: {
  afterSeconds: number;
  identity: Identity;
  log: Logger;
}): StuckExit {
  if (afterSeconds === 0) return { giveUp: undefined, [Symbol.asyncDispose]: async () => {} };
  const { service, instance } = identity;
  const watchdog = startWatchdog({
    limitSeconds: afterSeconds,
    line: (seconds) =>
      JSON.stringify({
        level: 'fatal',
        service,
        instance,
        msg: `the event loop was blocked for ${seconds} s: the worker is killed, to be restarted`,
      }),
  });
  return {
    giveUp: {
      afterSeconds,
      run: (failing) => {
        log.fatal(
          { failing },
          `the worker has done no work for ${afterSeconds} s: it exits, to be restarted`,
        );
        // Thrown outside the caller: an unhandled error ends the service with its exit code.
        setImmediate(() => {
          throw new WorkerStuck('the consumers are stuck');
        });
      },
    },
    [Symbol.asyncDispose]: () => watchdog[Symbol.asyncDispose](),
  };
}
