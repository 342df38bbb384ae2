import type { Snapshot } from './snapshot.ts';
import { PROTOCOL_TIMES, type ProtocolTimes } from './times.ts';

/** A loss of Redis' data that is not made up for yet. Times are ms of Redis' clock. */
interface Loss {
  /** The loss happened after this. A publish after it is a publish after the loss. */
  readonly after: number;
  readonly noticedAt: number;
  /** Instances that have not published since. */
  readonly waitingFor: ReadonlySet<string>;
}

/** What a reader remembers between two snapshots, to notice that Redis lost data. */
export interface LossState {
  readonly last: Snapshot | undefined;
  readonly loss: Loss | undefined;
}

export const INITIAL_LOSS_STATE: LossState = { last: undefined, loss: undefined };

/**
 * Compares a snapshot with the previous one. Redis lost data when
 * - the store is another one,
 * - the time of the last publish or the number of folds went back,
 * - a sequence number went back, or
 * - an epoch is gone that was not folded: it is not in `recentlyFolded`, and cannot be one of those folded before them.
 *
 * The loss is made up for when everyone who had published before has published again.
 */
export function updateLossState(
  { last, loss }: LossState,
  next: Snapshot,
  times: ProtocolTimes = PROTOCOL_TIMES,
): LossState {
  let current = loss;
  if (last && hasLostData(last, next)) {
    const waitingFor = new Set([...last.members, ...next.members].map(({ instance }) => instance));
    for (const instance of loss?.waitingFor ?? []) waitingFor.add(instance);
    current = { after: last.now, noticedAt: next.now, waitingFor };
  }
  if (current) current = remainingLoss(current, next, times);
  return { last: next, loss: current };
}

function hasLostData(last: Snapshot, next: Snapshot): boolean {
  if (last.storeId !== next.storeId || next.publishedAt < last.publishedAt || next.folds < last.folds)
    return true;
  const present = new Set(next.members.map(({ epoch }) => epoch));
  const unnamed = Math.max(0, next.folds - last.folds - next.recentlyFolded.length);
  const gone = last.members.filter(
    ({ epoch }) => !present.has(epoch) && !next.recentlyFolded.includes(epoch),
  ).length;
  if (gone > unnamed) return true;
  const seqs = new Map(last.members.map(({ epoch, seq }) => [epoch, seq]));
  return next.members.some(({ epoch, seq }) => seq < (seqs.get(epoch) ?? 0));
}

/** `undefined` when the loss is made up for. */
function remainingLoss(
  loss: Loss,
  { now, members }: Snapshot,
  { freshMs, giveUpMs }: ProtocolTimes,
): Loss | undefined {
  const back = new Set(
    members.filter(({ publishedAt }) => publishedAt > loss.after).map(({ instance }) => instance),
  );
  const isExpired = now > loss.noticedAt + giveUpMs;
  const present = new Set(members.map(({ instance }) => instance));
  const waitingFor = [...loss.waitingFor].filter(
    (instance) => !back.has(instance) && (present.has(instance) || !isExpired),
  );
  // A process that this reader never saw may have been lost, too. It gets this long to come back.
  const isNew = now < loss.noticedAt + freshMs;
  return isNew || waitingFor.length > 0 ? { ...loss, waitingFor: new Set(waitingFor) } : undefined;
}

/** Whether nothing is missing from this snapshot. */
export function isComplete(
  { loss }: LossState,
  { now, since, members, unreadable }: Snapshot,
  { freshMs }: ProtocolTimes = PROTOCOL_TIMES,
): boolean {
  // Right after a store was opened, there may be processes that have not published to it yet.
  if (loss || unreadable.length > 0 || now - since < freshMs) return false;
  return members.every(({ publishedAt }) => now - publishedAt < freshMs);
}
