import type { ChildProcess } from 'node:child_process';
import { Stopping } from '../verdict.ts';
import type { Ended, Order, SandboxedJob } from './protocol.ts';

/** A job that was aborted has so long to end by itself: longer than a statement to PostgreSQL, which hears no signal. */
const ABORT_GRACE_MS = 30_000;

/** How a job's stay in a process ended: as the process says, or with the process. */
type Ending = Ended | { how: string };

/** Has a process do a job. Aborting asks it to let go, and ends it where it does not. */
export async function stay(child: ChildProcess, job: SandboxedJob, signal: AbortSignal): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const onMessage = (ended: Ended): void => void (ended.id === job.id && resolve(ended));
  const onGone = (): void => resolve({ how: child.signalCode ?? `code ${child.exitCode}` });
  // At its exit its last word may not be read; it is once the channel has ended.
  const onExit = (): void => void (child.connected ? child.once('disconnect', onGone) : onGone());
  const onError = (error: Error): void => resolve({ how: error.message });
  // One that could not be started has no channel.
  const send = (order: Order): void => void (child.connected && child.send(order, () => {}));
  let grace: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    send({ type: 'abort', id: job.id, because: signal.reason instanceof Stopping ? 'stopping' : 'time' });
    grace = setTimeout(() => child.kill('SIGKILL'), ABORT_GRACE_MS);
  };
  child.on('message', onMessage).once('exit', onExit).once('error', onError);
  send({ type: 'run', ...job });
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await promise;
  } finally {
    clearTimeout(grace);
    child.off('message', onMessage).off('exit', onExit).off('disconnect', onGone).off('error', onError);
    signal.removeEventListener('abort', onAbort);
  }
}
