import { describeError } from '../verdict.ts';
import { Judged, Poison } from './judged.ts';
import type { SandboxedJob } from './protocol.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Does a job in the sandbox. A job works off its whole conversation: where the process died over another job's message, that
 * message is given up, and this job goes on behind it.
 */
export async function setApart(
  job: SandboxedJob,
  signal: AbortSignal,
  {
    sandbox,
    fail,
  }: { sandbox: Pick<Sandbox, 'run'>; fail: (messageId: string, reason: string) => Promise<unknown> },
): Promise<void> {
  try {
    await sandbox.run(job, signal);
  } catch (error) {
    if (!(error instanceof Poison)) throw error;
    const { messageId } = error;
    const own = (job.payload as { messageId?: unknown }).messageId;
    if (messageId === undefined || messageId === own) throw error;
    await fail(messageId, describeError(error));
    throw new Judged(`its process died over message ${messageId}, which is given up`, {
      kind: 'hand-back',
      afterMs: 0,
    });
  }
}
