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
 * Makes jobs of the dead letter wait again, each once however often it is asked for. What cannot be replayed keeps none of the others.
 * An outage ends it, and what is done is done. With `ratePerSecond` each is due that much later than the one before.
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
