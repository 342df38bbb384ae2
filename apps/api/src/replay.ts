import { type Database, addToOutbox, claimReplay, reopenMessage } from '@prosaas/database';
import { type DeadLetters, type KeptLetter, checkPayload } from '@prosaas/queues';
import { AppError } from '@prosaas/runtime';

class AlreadyReplayed extends AppError {
  override code = 'ALREADY_REPLAYED';
  override status = 409;
}

class NotReplayable extends AppError {
  override code = 'NOT_REPLAYABLE';
  override status = 409;
}

/**
 * Repeats the job of a letter as a new job that names it, once however often it is asked for: the message that failed waits again,
 * the letter is marked and the job written down in one transaction, and only then does the letter go. The key is the message's
 * id again, under which a search for lost jobs finds it; the job that failed has left its queue.
 *
 * Throws `PayloadInvalid`, `AlreadyReplayed`, or `NotReplayable` for a message that is gone or does not stand as failed.
 */
export async function replayLetter(
  { db, letters }: { db: Pick<Database, 'transaction'>; letters: DeadLetters },
  letter: KeptLetter,
  runAt?: Date,
): Promise<void> {
  const { queue } = letter.origin;
  const payload = checkPayload(queue, letter.payload);
  const isFirst = await db.transaction(async (tx) => {
    if (!(await claimReplay(tx, letter.id))) return false;
    if ((await reopenMessage(tx, payload.messageId)) === undefined) {
      throw new NotReplayable('Its message is gone, or was done in another way since.');
    }
    await addToOutbox(tx, {
      queue,
      key: payload.messageId,
      payload,
      trace: letter.trace,
      replayOf: letter.id,
      ...(runAt && { runAt }),
    });
    return true;
  });
  await letters.drop([letter.id]);
  if (!isFirst) throw new AlreadyReplayed('This letter was replayed before.');
}
