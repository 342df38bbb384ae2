import { type Queryable, countDeadJobs, databaseTime } from '@prosaas/database';
import { type Field, Integer } from '@prosaas/runtime';
import { type TObject, Type } from 'typebox';

/** The worker drops jobs past these limits; the api warns before they are reached. */
export const DeadLetterConfig: TObject<{
  RETENTION_DEAD_LETTER_DAYS: Field<number>;
  DEAD_LETTER_MAX: Field<number>;
}> = Type.Object({
  RETENTION_DEAD_LETTER_DAYS: Integer(30, 'Days that jobs in the dead letter are kept; 0: for ever', {
    maximum: 36_500,
  }),
  DEAD_LETTER_MAX: Integer(10_000, 'Jobs in the dead letter; past that the oldest are dropped', {
    minimum: 1,
    maximum: 1_000_000,
  }),
});

export interface DeadLetterLimits {
  /** 0: no limit. */
  days: number;
  max: number;
}

/** How near the dead letter is to its limits, at which jobs are dropped. */
export interface DeadLetterUsage {
  jobs: number;
  max: number;
  /** Jobs that will soon exceed the age limit. */
  expiring: number;
}

export const deadLetterLimits = (config: {
  RETENTION_DEAD_LETTER_DAYS: number;
  DEAD_LETTER_MAX: number;
}): DeadLetterLimits => ({ days: config.RETENTION_DEAD_LETTER_DAYS, max: config.DEAD_LETTER_MAX });

const DAY_MS = 24 * 3600_000;
/** Share of `max` from which on to warn. */
const WARN_RATIO = 0.8;

/** Jobs that failed before this time (Unix ms) exceed the age limit within a day, or within a tenth of the limit if that is shorter. */
export function expiringBefore(days: number, nowMs: number): number {
  if (days === 0) return -Infinity;
  const kept = days * DAY_MS;
  return nowMs - kept + Math.min(DAY_MS, kept / 10);
}

/** Whether an operator should act: replay, purge, or raise a limit. */
export function isNearLimit({ jobs, max, expiring }: DeadLetterUsage): boolean {
  return jobs >= max * WARN_RATIO || expiring > 0;
}

export async function readDeadLetterUsage(
  q: Queryable,
  { days, max }: DeadLetterLimits,
  nowMs?: number,
): Promise<DeadLetterUsage> {
  const now = nowMs ?? (await databaseTime(q)).getTime();
  const before = days === 0 ? undefined : new Date(expiringBefore(days, now));
  const { jobs, expiring } = await countDeadJobs(q, { expiringBefore: before });
  return { jobs, max, expiring };
}
