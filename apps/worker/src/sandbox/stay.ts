import type { ChildProcess } from 'node:child_process';
import { Stopping } from '../verdict.ts';
import type { Ended, Order, Report, SandboxedJob } from './protocol.ts';

/** A job that was aborted has so long to end by itself: longer than a statement to PostgreSQL, which hears no signal. */
const ABORT_GRACE_MS = 30_000;

/** How a job's stay in a process ended: as the process says, or with the process. */
export type Ending =
  | Ended
  | { type: 'gone'; how: string; hasBegun: boolean; /** What it was at. */ messageId: string | undefined };

/** Has a process do a job. Aborting asks it to let go, and ends it where it does not. */
export async function stay(child: ChildProcess, job: SandboxedJob, signal: AbortSignal): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  let hasBegun = false;
  let messageId: string | undefined;
  const gone = (how: string): void => resolve({ type: 'gone', how, hasBegun, messageId });
  const onMessage = (report: Report): void => {
    if (report.id !== job.id) return;
    if (report.type === 'begun') hasBegun = true;
    else if (report.type === 'working') messageId = report.messageId;
    else resolve(report);
  };
  const onGone = (): void => gone(child.signalCode ?? `code ${child.exitCode}`);
  // At its exit its last word may not be read; it is once the channel has ended.
  const onExit = (): void => void (child.connected ? child.once('disconnect', onGone) : onGone());
  const onError = (error: Error): void => gone(error.message);
  // One that could not be started has no channel.
  const send = (order: Order): void => void (child.connected && child.send(order, () => {}));
  let grace: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    send({ type: 'abort', id: job.id, because: signal.reason instanceof Stopping ? 'stopping' : 'time' });
    grace = setTimeout(() => child.kill('SIGKILL'), ABORT_GRACE_MS);
  };
  child.on('message', onMessage).once('exit', onExit).once('error', onError);
  signal.addEventListener('abort', onAbort, { once: true });
  send({ type: 'run', ...job });
  try {
    return await promise;
  } finally {
    clearTimeout(grace);
    child.off('message', onMessage).off('exit', onExit).off('disconnect', onGone).off('error', onError);
    signal.removeEventListener('abort', onAbort);
  }
}
