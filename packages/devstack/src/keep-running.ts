import { poll } from './poll.ts';

/** A process of the stack that should run until somebody stops the stack. */
export interface KeptProcess {
  name: string;
  /** Settles when the process that runs now ends. */
  exited(): Promise<number | NodeJS.Signals>;
  /** Without it nothing can be made good: the stack stops. */
  start?: () => Promise<void>;
}

export interface KeepOptions {
  say: (line: string) => void;
  /** How long a process that ended may take to start again. */
  patienceMs?: number;
}

export interface Keeper extends AsyncDisposable {
  /** Keeps further processes running. */
  keep(processes: readonly KeptProcess[]): void;
  /** Settles when one could not be kept; it has been told. */
  gaveUp: Promise<'ended'>;
}

const MOST_RESTARTS = 3;
const WITHIN_MS = 60_000;

/** `restarts`: when the process was started again, in the milliseconds of `now`. */
export function mayRestart(restarts: readonly number[], now: number): boolean {
  return restarts.filter((at) => now - at < WITHIN_MS).length < MOST_RESTARTS;
}

/** Starts again what ends by itself, with a line each time; one that keeps ending, or does not start, is given up. */
export function keepRunning({ say, patienceMs = 30_000 }: KeepOptions): Keeper {
  const gaveUp = Promise.withResolvers<'ended'>();
  const stopping = new AbortController();
  const stopped = new Promise<undefined>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const loops: Promise<void>[] = [];

  const keep = async ({ name, exited, start }: KeptProcess): Promise<void> => {
    const restarts: number[] = [];
    const giveUp = (why: string): void => {
      if (stopping.signal.aborted) return;
      say(`${name} ${why}: stopping the rest`);
      gaveUp.resolve('ended');
    };
    for (;;) {
      const code = await Promise.race([exited(), stopped]);
      if (code === undefined || stopping.signal.aborted) return;
      const began = performance.now();
      if (start === undefined) return giveUp(`ended by itself (${code})`);
      if (!mayRestart(restarts, began))
        return giveUp(`ended by itself (${code}), for the ${MOST_RESTARTS + 1}th time within a minute`);
      restarts.push(began);
      try {
        // What a killed PostgreSQL leaves behind is in its way for a moment.
        await poll(
          async () => {
            if (!stopping.signal.aborted) await start();
            return true;
          },
          { timeoutMs: patienceMs, everyMs: 500, what: `${name} to start` },
        );
      } catch (error) {
        const { cause = error } = error as Error;
        const [reason] = String(cause instanceof Error ? cause.message : cause).split('\n');
        return giveUp(`ended by itself (${code}) and does not start again (${reason})`);
      }
      if (stopping.signal.aborted) return;
      say(
        `${name} ended by itself (${code}): started again after ${((performance.now() - began) / 1000).toFixed(1)} s`,
      );
    }
  };

  return {
    keep: (processes) => void loops.push(...processes.map(keep)),
    gaveUp: gaveUp.promise,
    /** Resolves when no process is being started any more. */
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}
