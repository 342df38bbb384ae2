import { type Field, Whole } from '@prosaas/runtime';
import type { Redis } from 'ioredis';
import { type TObject, Type } from 'typebox';
import { pastLimitKey, queueKey } from './queue-keys.ts';
import { DEAD_LETTER } from './queue-table.ts';

/** Settings of the worker, which drops what is past them, and of the api, which tells when they come near. */
export const DeadLetterConfig: TObject<{
  RETENTION_DEAD_LETTER_DAYS: Field<number>;
  DEAD_LETTER_MAX: Field<number>;
}> = Type.Object({
  RETENTION_DEAD_LETTER_DAYS: Whole(30, 'Days that jobs in the dead letter are kept; 0: for ever', {
    maximum: 36_500,
  }),
  DEAD_LETTER_MAX: Whole(10_000, 'Jobs in the dead letter; past that the oldest are dropped', {
    minimum: 1,
    maximum: 1_000_000,
  }),
});

export interface DeadLetterLimits {
  /** 0: however old. */
  days: number;
  max: number;
}

/** How near the dead letter is to losing some. */
export interface DeadLetterFill {
  letters: number;
  max: number;
  /** Letters that will soon be too old. */
  expiring: number;
}

export const deadLetterLimits = (config: {
  RETENTION_DEAD_LETTER_DAYS: number;
  DEAD_LETTER_MAX: number;
}): DeadLetterLimits => ({ days: config.RETENTION_DEAD_LETTER_DAYS, max: config.DEAD_LETTER_MAX });

const DAY_MS = 24 * 3600_000;
const FULL = 0.8;

/** A letter moved before this will be too old within a day, or within a tenth of its time where that is less. */
export function expiringBefore(days: number, nowMs: number): number {
  if (days === 0) return -Infinity;
  const kept = days * DAY_MS;
  return nowMs - kept + Math.min(DAY_MS, kept / 10);
}

/** Somebody should look: replay, purge, or raise the limit. */
export function isFilling({ letters, max, expiring }: DeadLetterFill): boolean {
  return letters >= max * FULL || expiring > 0;
}

/**
 * Notes whether there are letters past a limit, and tells since when that is so, Unix ms: `undefined` while there are none. Dropping
 * them ends it.
 */
export async function pastLimitSince(
  redis: Redis,
  bullPrefix: string,
  { limit, isPast, nowMs }: { limit: 'age' | 'count'; isPast: boolean; nowMs: number },
): Promise<number | undefined> {
  const key = pastLimitKey(bullPrefix, limit);
  if (!isPast) return void (await redis.del(key));
  // A clock that was put back: it is not since the future.
  const since = Math.min(Number((await redis.get(key)) ?? nowMs), nowMs);
  await redis.set(key, since);
  return since;
}

/** Two commands where no letter is old; else one search more. */
export async function readDeadLetterFill(
  redis: Redis,
  bullPrefix: string,
  { days, max, nowMs }: DeadLetterLimits & { nowMs: number },
): Promise<DeadLetterFill> {
  const wait = queueKey(bullPrefix, DEAD_LETTER, 'wait');
  const before = expiringBefore(days, nowMs);
  // From the end of the list, where the oldest lie.
  const isExpiring = async (place: number): Promise<boolean> => {
    const id = await redis.lindex(wait, -1 - place);
    const movedAt = id === null ? null : await redis.hget(queueKey(bullPrefix, DEAD_LETTER, id), 'timestamp');
    return movedAt !== null && Number(movedAt) < before;
  };
  const letters = await redis.llen(wait);
  return { letters, max, expiring: days === 0 ? 0 : await countWhile(letters, isExpiring) };
}

/** How many of `count`, of which those that are come first. */
async function countWhile(count: number, is: (place: number) => Promise<boolean>): Promise<number> {
  if (count === 0 || !(await is(0))) return 0;
  let [some, all] = [1, count];
  while (some < all) {
    const middle = Math.ceil((some + all) / 2);
    if (await is(middle - 1)) some = middle;
    else all = middle - 1;
  }
  return some;
}
