import { poll } from './poll.ts';

/** A process of the stack that should run until somebody stops the stack. */
export interface SupervisedProcess {
  name: string;
  /** Settles when the process that runs now ends. */
  exited(): Promise<number | NodeJS.Signals>;
  /** Starts it again. Without this, the stack stops when the process ends. */
  start?: () => Promise<void>;
}

export interface SupervisorOptions {
  say: (line: string) => void;
  /** How long a process that ended may take to start again. */
  restartTimeoutMs?: number;
}

export interface Supervisor extends AsyncDisposable {
  /** Keeps further processes running. */
  supervise(processes: readonly SupervisedProcess[]): void;
  /** Settles when a process could not be started again, which has been printed. */
  gaveUp: Promise<'ended'>;
}

const MAX_RESTARTS = 3;
const RESTART_WINDOW_MS = 60_000;

/** @param restarts times of earlier restarts, on the clock of `now` */
export function mayRestart(restarts: readonly number[], now: number): boolean {
  return restarts.filter((at) => now - at < RESTART_WINDOW_MS).length < MAX_RESTARTS;
}

/** Restarts processes that end by themselves, and prints a line each time. Gives up on one that keeps ending or does not start. */
export function superviseProcesses({ say, restartTimeoutMs = 30_000 }: SupervisorOptions): Supervisor {
  const gaveUp = Promise.withResolvers<'ended'>();
  const stopping = new AbortController();
  const stopped = new Promise<undefined>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const loops: Promise<void>[] = [];

  const supervise = async ({ name, exited, start }: SupervisedProcess): Promise<void> => {
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
        return giveUp(`ended by itself (${code}), for the ${MAX_RESTARTS + 1}th time within a minute`);
      restarts.push(began);
      try {
        // A killed PostgreSQL leaves shared memory behind, which blocks a new start for a moment.
        await poll(
          async () => {
            if (!stopping.signal.aborted) await start();
            return true;
          },
          { timeoutMs: restartTimeoutMs, everyMs: 500, what: `${name} to start` },
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
    supervise: (processes) => void loops.push(...processes.map(supervise)),
    gaveUp: gaveUp.promise,
    /** Resolves when no process is being started any more. */
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}
