import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './logger.ts';

interface Supervised extends AsyncDisposable {
  drain(): void;
}

export interface SuperviseOptions {
  start: () => Promise<Supervised>;
  log: Logger;
  drainMs: number;
  /** From the start of the shutdown until the process is forced to exit. */
  deadlineMs: number;
}

/** How long a leaked resource may keep the process alive after everything was closed. */
const LINGER_MS = 3000;

/** Runs until a signal or a fault ends it; sets the exit code. Only the deadline and a second signal call `exit`. */
export async function supervise({ start, log, drainMs, deadlineMs }: SuperviseOptions): Promise<void> {
  const ending = Promise.withResolvers<void>();
  let stopping = false;
  let exitCode = 0;
  let deadline: NodeJS.Timeout | undefined;

  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    deadline = setTimeout(() => {
      log.fatal(
        { deadline_ms: deadlineMs, open: process.getActiveResourcesInfo() },
        'The deadline ended the service',
      );
      process.exit(exitCode || 1);
    }, deadlineMs);
    ending.resolve();
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) {
      log.warn({ signal }, 'A second signal ends the service at once');
      process.exit(1);
    }
    log.info({ signal }, 'Stopping');
    stop();
  };
  const onFault = (error: unknown): void => {
    log.fatal({ err: error }, 'unhandled error; stopping');
    exitCode ||= exitCodeOf(error);
    stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);

  const onFailure = (error: unknown): void => {
    log.fatal({ err: error }, 'The service failed');
    exitCode ||= exitCodeOf(error);
    stop();
  };
  let service: Supervised | undefined;
  try {
    service = await start();
    log.info('Started');
    await ending.promise;
    service.drain();
    await sleep(drainMs);
  } catch (error) {
    onFailure(error);
  }
  try {
    await service?.[Symbol.asyncDispose]();
  } catch (error) {
    onFailure(error);
  }
  clearTimeout(deadline);
  process.exitCode = exitCode;
  log.info({ exit_code: process.exitCode }, 'Stopped');
  setTimeout(() => {
    log.warn({ open: process.getActiveResourcesInfo() }, 'Something was left open and is cut off');
    process.exit();
  }, LINGER_MS).unref();
}

/** An error may have an exit code of its own, which tells the process manager what happened. */
function exitCodeOf(error: unknown): number {
  const { exitCode } = (error ?? {}) as { exitCode?: unknown };
  return typeof exitCode === 'number' && exitCode > 0 && exitCode < 256 ? exitCode : 1;
}
