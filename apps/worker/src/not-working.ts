import { startWatchdog } from '@prosaas/observability';
import type { Identity, Logger } from '@prosaas/runtime';

/** EX_SOFTWARE of sysexits.h: by this code an orchestrator's log tells a worker that gave up on itself from one that crashed. */
const EXIT_CODE = 70;

class NotWorking extends Error {
  override name = 'NotWorking';
  exitCode: number = EXIT_CODE;
}

/** What a worker does about itself when it does not work any more: it ends, so that it is started anew. */
export interface LastResort extends AsyncDisposable {
  /** For the heartbeat; undefined where it is switched off. */
  giveUp: { afterSeconds: number; run: (failing: Readonly<Record<string, string>>) => void } | undefined;
}

/** `afterSeconds` of 0 switches both off: the heartbeat's verdict, and the watchdog over the event loop. */
export function lastResort({
  afterSeconds,
  identity,
  log,
}: {
  afterSeconds: number;
  identity: Identity;
  log: Logger;
}): LastResort {
  if (afterSeconds === 0) return { giveUp: undefined, [Symbol.asyncDispose]: async () => {} };
  const { service, instance } = identity;
  const watchdog = startWatchdog({
    limitSeconds: afterSeconds,
    line: (seconds) =>
      JSON.stringify({
        level: 'fatal',
        service,
        instance,
        msg: `the event loop stood still for ${seconds} s: the worker is killed, to be started anew`,
      }),
  });
  return {
    giveUp: {
      afterSeconds,
      run: (failing) => {
        log.fatal(
          { failing },
          `the worker has not worked for ${afterSeconds} s: it ends, to be started anew`,
        );
        // Out of whoever calls: a fault that nobody handles ends the service with its code.
        setImmediate(() => {
          throw new NotWorking('consumers do not work');
        });
      },
    },
    [Symbol.asyncDispose]: () => watchdog[Symbol.asyncDispose](),
  };
}
