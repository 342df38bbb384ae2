import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './logger.ts';

interface Supervised extends AsyncDisposable {
  drain(): void;
}

export interface SuperviseOptions {
  start: () => Promise<Supervised>;
  log: Logger;
  drainMs: number;
  /** From the first sign of an end to the forced one. */
  deadlineMs: number;
}

/** How long something that was left open may keep a process that has closed everything it knows of. */
const lingerMs = 3000;

/** Runs until a signal or a fault ends it; sets the exit code. Only the deadline and a second signal call `exit`. */
export async function supervise({ start, log, drainMs, deadlineMs }: SuperviseOptions): Promise<void> {
  const ending = Promise.withResolvers<void>();
  let stopping = false;
  let failed = false;
  let deadline: NodeJS.Timeout | undefined;

  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    deadline = setTimeout(() => {
      log.fatal(
        { deadline_ms: deadlineMs, open: process.getActiveResourcesInfo() },
        'The deadline ended the service',
      );
      process.exit(1);
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
    log.fatal({ err: error }, 'A fault that nobody handled ends the service');
    failed = true;
    stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);

  const onFailure = (error: unknown): void => {
    log.fatal({ err: error }, 'The service failed');
    failed = true;
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
  process.exitCode = failed ? 1 : 0;
  log.info({ exit_code: process.exitCode }, 'Stopped');
  setTimeout(() => {
    log.warn({ open: process.getActiveResourcesInfo() }, 'Something was left open and is cut off');
    process.exit();
  }, lingerMs).unref();
}
