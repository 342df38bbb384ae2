import type { Snapshot } from './snapshot.ts';
import { PROTOCOL_TIMES, type ProtocolTimes } from './times.ts';

interface Loss {
  /** Everybody who spoke after this spoke after the loss. */
  readonly mark: number;
  readonly noticedAt: number;
  readonly waitingFor: ReadonlySet<string>;
}

/** What a reader remembers between two snapshots to notice that Redis lost something. */
export interface Continuity {
  readonly last: Snapshot | undefined;
  readonly loss: Loss | undefined;
}

export const NO_CONTINUITY: Continuity = { last: undefined, loss: undefined };

/**
 * Compares a snapshot with the one before. Redis lost something when its store is another one, when its last
 * publishing or fold number lies before what was seen, when a process' sequence number fell, or when one is gone that
 * was not folded: it is none of `left`, and can't be one of those folded before them. It is made good when everyone who
 * published before has published again.
 */
export function follow(
  { last, loss }: Continuity,
  next: Snapshot,
  times: ProtocolTimes = PROTOCOL_TIMES,
): Continuity {
  let current = loss;
  if (last && lostSomething(last, next)) {
    const waitingFor = new Set([...last.members, ...next.members].map(({ instance }) => instance));
    for (const instance of loss?.waitingFor ?? []) waitingFor.add(instance);
    current = { mark: last.now, noticedAt: next.now, waitingFor };
  }
  if (current) current = stillOpen(current, next, times);
  return { last: next, loss: current };
}

function lostSomething(last: Snapshot, next: Snapshot): boolean {
  if (last.storeId !== next.storeId || next.publishedAt < last.publishedAt || next.folds < last.folds)
    return true;
  const present = new Set(next.members.map(({ boot }) => boot));
  const unnamed = Math.max(0, next.folds - last.folds - next.left.length);
  const gone = last.members.filter(({ boot }) => !present.has(boot) && !next.left.includes(boot)).length;
  if (gone > unnamed) return true;
  const seqs = new Map(last.members.map(({ boot, seq }) => [boot, seq]));
  return next.members.some(({ boot, seq }) => seq < (seqs.get(boot) ?? 0));
}

function stillOpen(
  loss: Loss,
  { now, members }: Snapshot,
  { freshMs, giveUpMs }: ProtocolTimes,
): Loss | undefined {
  const back = new Set(
    members.filter(({ publishedAt }) => publishedAt > loss.mark).map(({ instance }) => instance),
  );
  const expired = now > loss.noticedAt + giveUpMs;
  const present = new Set(members.map(({ instance }) => instance));
  const waitingFor = [...loss.waitingFor].filter(
    (instance) => !back.has(instance) && (present.has(instance) || !expired),
  );
  // Somebody may have been lost of whom this reader never knew; he had time to come back.
  const isNew = now < loss.noticedAt + freshMs;
  return isNew || waitingFor.length > 0 ? { ...loss, waitingFor: new Set(waitingFor) } : undefined;
}

/** Nothing is missing from this snapshot. */
export function isComplete(
  { loss }: Continuity,
  { now, since, members, unreadable }: Snapshot,
  { freshMs }: ProtocolTimes = PROTOCOL_TIMES,
): boolean {
  // Right after a loss of everything others may not have come back yet, and nobody knows of them.
  if (loss || unreadable.length > 0 || now - since < freshMs) return false;
  return members.every(({ publishedAt }) => now - publishedAt < freshMs);
}
