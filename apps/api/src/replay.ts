import {
  type Database,
  type Queryable,
  addManyToOutbox,
  claimReplays,
  inOrderOfArrival,
  lockFailedMessages,
  reopenMessages,
  unclaimReplays,
} from '@prosaas/database';
import {
  type DeadLetters,
  type KeptLetter,
  type MessageJob,
  PayloadInvalid,
  checkPayload,
} from '@prosaas/queues';
import { AppError } from '@prosaas/runtime';

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
  /** `PayloadInvalid`, `AlreadyReplayed`, or `NotReplayable` for a message that is gone or does not stand as failed. */
  refused: { id: string; error: AppError }[];
}

/** In one transaction: few enough that it is short, enough that it is one of few. */
const CHUNK = 200;

/**
 * Repeats the jobs of letters as new jobs that name them, each once however often it is asked for, in the order of their messages:
 * a message that failed waits again, its letter is marked and the job written down in one transaction, and only then does the letter
 * go. The key is the message's id again, under which a search for lost jobs finds it; the job that failed has left its queue.
 *
 * What cannot be replayed keeps none of the others. An outage ends it, and what is done is done. With `ratePerSecond` each is due
 * that much later than the one before.
 */
export async function replayLetters(
  { db, letters }: { db: Pick<Database, 'query' | 'transaction'>; letters: DeadLetters },
  wanted: readonly KeptLetter[],
  { ratePerSecond, now = new Date() }: { ratePerSecond?: number | undefined; now?: Date } = {},
): Promise<ReplayOutcome> {
  const { replays, refused } = check(wanted);
  const ordered = await inOrder(db, replays);
  let replayed = 0;
  const dueAt = (nth: number): Date | undefined =>
    ratePerSecond === undefined
      ? undefined
      : new Date(now.getTime() + ((replayed + nth) * 1000) / ratePerSecond);

  for (let from = 0; from < ordered.length; from += CHUNK) {
    const chunk = ordered.slice(from, from + CHUNK);
    // oxlint-disable-next-line no-await-in-loop -- their order is that of their messages
    const { claimed, done } = await db.transaction((tx) => replayChunk(tx, chunk, { now, dueAt }));
    const ids = chunk.map(({ letter }) => letter.id);
    // oxlint-disable-next-line no-await-in-loop -- not before the commit
    await letters.drop(ids.filter((id) => done.has(id) || !claimed.has(id)));
    replayed += done.size;
    for (const id of ids) {
      if (!claimed.has(id))
        refused.push({ id, error: new AlreadyReplayed('This letter was replayed before.') });
      else if (!done.has(id)) {
        refused.push({
          id,
          error: new NotReplayable('Its message is gone, or was done in another way since.'),
        });
      }
    }
  }
  return { replayed, refused };
}

interface Replay {
  letter: KeptLetter;
  payload: MessageJob;
  /** As PostgreSQL writes it. */
  messageId: string;
}

function check(letters: readonly KeptLetter[]): { replays: Replay[]; refused: ReplayOutcome['refused'] } {
  const replays: Replay[] = [];
  const refused: ReplayOutcome['refused'] = [];
  for (const letter of letters) {
    try {
      const payload = checkPayload(letter.origin.queue, letter.payload);
      replays.push({ letter, payload, messageId: payload.messageId.toLowerCase() });
    } catch (error) {
      if (!(error instanceof PayloadInvalid)) throw error;
      refused.push({ id: letter.id, error });
    }
  }
  return { replays, refused };
}

/** Letters lie in the order in which their jobs were moved, side by side. */
async function inOrder(q: Queryable, replays: readonly Replay[]): Promise<Replay[]> {
  const ids = await inOrderOfArrival(
    q,
    replays.map(({ messageId }) => messageId),
  );
  const places = new Map(ids.map((id, place) => [id, place]));
  const placeOf = ({ messageId }: Replay): number => places.get(messageId) ?? ids.length;
  return replays.toSorted((one, other) => placeOf(one) - placeOf(other));
}

/** Ids of the letters that were this caller's to replay, and of those that were replayed. */
async function replayChunk(
  tx: Queryable,
  chunk: readonly Replay[],
  { now, dueAt }: { now: Date; dueAt: (nth: number) => Date | undefined },
): Promise<{ claimed: Set<string>; done: Set<string> }> {
  const claimed = await claimReplays(
    tx,
    chunk.map(({ letter }) => letter.id),
  );
  const mine = chunk.filter(({ letter }) => claimed.has(letter.id));
  const failed = await lockFailedMessages(
    tx,
    mine.map(({ messageId }) => messageId),
  );
  // Of two letters of a message the first reopens it.
  const replays = mine.filter(({ messageId }) => failed.delete(messageId));
  const done = new Set(replays.map(({ letter }) => letter.id));
  await unclaimReplays(
    tx,
    [...claimed].filter((id) => !done.has(id)),
  );
  await reopenMessages(
    tx,
    replays.map(({ messageId: id }, nth) => ({ id, notBefore: dueAt(nth) ?? now })),
  );
  await addManyToOutbox(
    tx,
    replays.map(({ letter, payload }, nth) => ({
      queue: letter.origin.queue,
      key: payload.messageId,
      payload,
      trace: letter.trace,
      replayOf: letter.id,
      runAt: dueAt(nth),
    })),
  );
  return { claimed, done };
}
