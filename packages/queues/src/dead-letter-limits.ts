import { type Queryable, countDeadJobs, databaseTime } from '@prosaas/database';
import { type Field, Integer } from '@prosaas/runtime';
import { type TObject, Type } from 'typebox';

/** Settings of the worker, which drops what is past them, and of the api, which tells when they come near. */
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
  /** 0: however old. */
  days: number;
  max: number;
}

/** How near the dead letter is to losing some. */
export interface DeadLetterUsage {
  jobs: number;
  max: number;
  /** Jobs that will soon be too old. */
  expiring: number;
}

export const deadLetterLimits = (config: {
  RETENTION_DEAD_LETTER_DAYS: number;
  DEAD_LETTER_MAX: number;
}): DeadLetterLimits => ({ days: config.RETENTION_DEAD_LETTER_DAYS, max: config.DEAD_LETTER_MAX });

const DAY_MS = 24 * 3600_000;
const FULL = 0.8;

/** A job that failed before this will be too old within a day, or within a tenth of its time where that is less. */
export function expiringBefore(days: number, nowMs: number): number {
  if (days === 0) return -Infinity;
  const kept = days * DAY_MS;
  return nowMs - kept + Math.min(DAY_MS, kept / 10);
}

/** Somebody should look: replay, purge, or raise the limit. */
export function isNearLimit({ jobs, max, expiring }: DeadLetterUsage): boolean {
  return jobs >= max * FULL || expiring > 0;
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
