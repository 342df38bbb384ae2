import { type Database, findJob, replayDeadJobs } from '@prosaas/database';
import type { Relay } from '@prosaas/queues';
import { AppError } from '@prosaas/runtime';
import { NotFound } from './errors.ts';

class AlreadyReplayed extends AppError {
  override code = 'ALREADY_REPLAYED';
  override status = 409;
}

class NotReplayable extends AppError {
  override code = 'NOT_REPLAYABLE';
  override status = 409;
}

interface ReplayOutcome {
  replayed: number;
  /** `AlreadyReplayed`, `NotReplayable` if its message is no longer failed, `NotFound` if there is no such job. */
  refused: { id: string; error: AppError }[];
}

/** Jobs per transaction, so that each transaction is short. */
const CHUNK_SIZE = 200;

/**
 * Moves jobs from the dead letter back to their queues. Two calls replay a job once. A job that cannot be replayed does not stop the
 * others. Jobs replayed before an outage stay replayed. With `ratePerSecond` the jobs become due one after the other at that rate.
 */
export async function replayJobs(
  { db, relay }: { db: Database; relay: Relay },
  ids: readonly string[],
  { ratePerSecond }: { ratePerSecond?: number | undefined } = {},
): Promise<ReplayOutcome> {
  const outcome: ReplayOutcome = { replayed: 0, refused: [] };
  const secondsPerJob = ratePerSecond === undefined ? 0 : 1 / ratePerSecond;
  for (let from = 0; from < ids.length; from += CHUNK_SIZE) {
    const chunk = ids
      .slice(from, from + CHUNK_SIZE)
      .map((id, index) => ({ id, delaySeconds: (from + index) * secondsPerJob }));
    // oxlint-disable-next-line no-await-in-loop -- one short transaction after another
    const { replayed, released } = await db.transaction((tx) => replayDeadJobs(tx, chunk));
    relay.enqueue(released);
    outcome.replayed += replayed.size;
    const refused = chunk.filter(({ id }) => !replayed.has(id));
    // oxlint-disable-next-line no-await-in-loop
    outcome.refused.push(
      ...(await Promise.all(refused.map(async ({ id }) => ({ id, error: await findRefusal(db, id) })))),
    );
  }
  return outcome;
}

/** Why a job that is not in the dead letter, or could not be replayed, is refused. */
export async function findRefusal(db: Database, id: string): Promise<AppError> {
  const job = await findJob(db, id);
  if (job === undefined || (job.failure === null && job.replays === 0)) return new NotFound('job');
  return job.failure === null
    ? new AlreadyReplayed('This job was replayed before.')
    : new NotReplayable(
        'The message of this job no longer counts as failed, for example because a person answered it.',
      );
}
