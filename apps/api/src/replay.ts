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
  /** `AlreadyReplayed`, `NotReplayable` for one whose message does not stand as failed, `NotFound` for one that is gone. */
  refused: { id: string; error: AppError }[];
}

/** In one transaction: few enough that it is short, enough that it is one of few. */
const CHUNK = 200;

/**
 * Puts jobs of the dead letter back to work. Asking twice replays a job once, and a job that cannot be replayed does not stop the others.
 * Jobs replayed before an outage stay replayed. With `ratePerSecond` the jobs fall due one after the other at that rate.
 */
export async function replayJobs(
  { db, relay }: { db: Database; relay: Relay },
  ids: readonly string[],
  { ratePerSecond }: { ratePerSecond?: number | undefined } = {},
): Promise<ReplayOutcome> {
  const outcome: ReplayOutcome = { replayed: 0, refused: [] };
  const secondsEach = ratePerSecond === undefined ? 0 : 1 / ratePerSecond;
  for (let from = 0; from < ids.length; from += CHUNK) {
    const chunk = ids
      .slice(from, from + CHUNK)
      .map((id, at) => ({ id, delaySeconds: (from + at) * secondsEach }));
    // oxlint-disable-next-line no-await-in-loop -- one short transaction after the other
    const { replayed, released } = await db.transaction((tx) => replayDeadJobs(tx, chunk));
    relay.enqueue(released);
    outcome.replayed += replayed.size;
    const refused = chunk.filter(({ id }) => !replayed.has(id));
    // oxlint-disable-next-line no-await-in-loop
    outcome.refused.push(
      ...(await Promise.all(refused.map(async ({ id }) => ({ id, error: await whyNot(db, id) })))),
    );
  }
  return outcome;
}

async function whyNot(db: Database, id: string): Promise<AppError> {
  const job = await findJob(db, id);
  if (job === undefined || (job.failure === null && job.replays === 0)) return new NotFound('job');
  return job.failure === null
    ? new AlreadyReplayed('This job was replayed before.')
    : new NotReplayable('Its message was done in another way since.');
}
