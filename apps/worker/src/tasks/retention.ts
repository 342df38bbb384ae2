import {
  databaseTime,
  deleteEmptyConversations,
  deleteExcessUnanswered,
  deleteOldAudit,
  deleteOldCalls,
  deleteOldConversationEvents,
  deleteOldMessages,
  deleteOldNotices,
  deleteOldRecordings,
  deleteOldUnstoredMessages,
  foldJobCounts,
  withRetentionLock,
  listExcessDeadJobs,
  listExpiredDeadJobs,
  purgeDeadJobs,
  trackWarning,
  type Database,
  type Queryable,
} from '@prosaas/database';
import { deadLetterLimits, isNearLimit, readDeadLetterUsage } from '@prosaas/queues';
import type { Logger } from '@prosaas/runtime';
import type { Config } from '../config.ts';
import { errorFields } from '../job-errors.ts';

const DAY_MS = 24 * 3600_000;

const BATCH = 500;
/** Small, because each recording has up to two minutes of audio. */
const RECORDINGS_BATCH = 50;
const DEAD_JOBS_BATCH = 100;
/** Jobs are dropped only after the dead letter has exceeded a limit for so long, so that someone can see the warning. */
const WARNED_SECONDS = 30 * 60;

const NEAR_LIMIT =
  'the dead letter is near its limit: its oldest jobs will be dropped unless they are replayed or purged, or DEAD_LETTER_MAX or RETENTION_DEAD_LETTER_DAYS is raised';

type RetentionDays = Pick<Config, Extract<keyof Config, `RETENTION_${string}`> | 'DEAD_LETTER_MAX'>;

export interface RetentionOptions {
  db: Database;
  config: RetentionDays;
  log: Logger;
}

interface Kind {
  name: string;
  days: number;
  /** Has a maximum count too, so it is processed even if `days` is 0 (no age limit). */
  capped?: true;
  /** Deletes one batch and returns whether there may be another one. */
  batch: (tx: Queryable, before: Date) => Promise<{ removed: number; more: boolean }>;
}

/** The order matters: calls after their recordings, conversations after their messages. */
function kindsOf({ config, log }: Omit<RetentionOptions, 'db'>, nowMs: number): Kind[] {
  const limited =
    (remove: (tx: Queryable, before: Date, limit: number) => Promise<number>, limit = BATCH): Kind['batch'] =>
    async (tx, before) => {
      const removed = await remove(tx, before, limit);
      return { removed, more: removed === limit };
    };

  /** Logs the ids of the jobs before it drops them. */
  const dropDead = async (
    tx: Queryable,
    { limit, ids, fields }: { limit: 'age' | 'count'; ids: string[]; fields: object },
  ): ReturnType<Kind['batch']> => {
    const seconds = await trackWarning(tx, { name: `dead_letter_${limit}`, isActive: ids.length > 0 });
    if (seconds === undefined || seconds < WARNED_SECONDS) return { removed: 0, more: false };
    const why = limit === 'age' ? 'too old' : 'too many';
    log.warn({ job_ids: ids, ...fields }, `jobs in the dead letter are ${why}: they are dropped`);
    return { removed: await purgeDeadJobs(tx, ids), more: true };
  };
  /** Warns early enough to act, once per round. */
  let warned = false;
  const warnNearLimit = async (tx: Queryable): Promise<void> => {
    if (warned) return;
    const usage = await readDeadLetterUsage(tx, deadLetterLimits(config), nowMs);
    if (isNearLimit(usage)) log.warn(usage, NEAR_LIMIT);
    warned = true;
  };
  const deadJobs: Kind['batch'] = async (tx, before) => {
    await warnNearLimit(tx);
    const { RETENTION_DEAD_LETTER_DAYS: days, DEAD_LETTER_MAX: most } = config;
    const limit = DEAD_JOBS_BATCH;
    const old = days === 0 ? [] : await listExpiredDeadJobs(tx, { before, limit });
    const done = await dropDead(tx, {
      limit: 'age',
      ids: old,
      fields: { failed_before: before.toISOString() },
    });
    if (done.removed > 0) return done;
    const excess = await listExcessDeadJobs(tx, { most, limit });
    return dropDead(tx, { limit: 'count', ids: excess, fields: { most } });
  };

  return [
    { name: 'messages', days: config.RETENTION_MESSAGES_DAYS, batch: limited(deleteOldMessages) },
    {
      name: 'unstored_messages',
      days: config.RETENTION_MESSAGES_DAYS,
      batch: limited(deleteOldUnstoredMessages),
    },
    // Questions are deleted with their messages; this deletes those over the maximum.
    {
      name: 'unanswered_questions',
      days: config.RETENTION_MESSAGES_DAYS,
      capped: true,
      batch: limited((tx, _before, limit) => deleteExcessUnanswered(tx, limit)),
    },
    { name: 'notices', days: config.RETENTION_MESSAGES_DAYS, batch: limited(deleteOldNotices) },
    {
      name: 'conversation_events',
      days: config.RETENTION_MESSAGES_DAYS,
      batch: limited(deleteOldConversationEvents),
    },
    { name: 'conversations', days: config.RETENTION_MESSAGES_DAYS, batch: limited(deleteEmptyConversations) },
    {
      name: 'recordings',
      days: config.RETENTION_RECORDINGS_DAYS,
      batch: limited(deleteOldRecordings, RECORDINGS_BATCH),
    },
    { name: 'calls', days: config.RETENTION_CALLS_DAYS, batch: limited(deleteOldCalls) },
    { name: 'audit', days: config.RETENTION_AUDIT_DAYS, batch: limited(deleteOldAudit) },
    { name: 'dead_letters', days: config.RETENTION_DEAD_LETTER_DAYS, capped: true, batch: deadJobs },
  ];
}

export interface RetentionRound {
  /** Number of deleted rows by kind. */
  deleted: Record<string, number>;
  /** Kinds whose deletion failed. */
  failed: string[];
}

/**
 * Deletes rows past their retention time, in batches. The round ends early if another worker is deleting, or when `signal` aborts; the next
 * round does the rest. A failure of one kind does not stop the others.
 */
export async function applyRetention({
  now: given,
  signal,
  ...options
}: RetentionOptions & { now?: Date; signal: AbortSignal }): Promise<RetentionRound> {
  const { db, log } = options;
  const now = given ?? (await databaseTime(db));
  const round: RetentionRound = { deleted: {}, failed: [] };
  const { deleted, failed } = round;
  for (const { name, days, capped, batch } of kindsOf(options, now.getTime())) {
    if (days === 0 && !capped) continue;
    const before = new Date(now.getTime() - days * DAY_MS);
    try {
      for (let more = true; more;) {
        if (signal.aborted) return round;
        const done = await withRetentionLock(db, (tx) => batch(tx, before));
        if (!done) return round;
        if (done.removed > 0) deleted[name] = (deleted[name] ?? 0) + done.removed;
        ({ more } = done);
      }
    } catch (error) {
      failed.push(name);
      log.warn(
        { ...errorFields(error), kind: name },
        'retention: rows past their limit were not deleted; the next round tries again',
      );
    }
  }
  return round;
}

/** The scheduled task: one round, which fails if the deletion of a kind failed. */
export function retentionTask(options: RetentionOptions): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    const { deleted, failed } = await applyRetention({ ...options, signal });
    await options.db.transaction(foldJobCounts);
    if (Object.keys(deleted).length > 0)
      options.log.info({ deleted }, 'retention: deleted rows past their limit');
    if (failed.length > 0) throw new Error(`retention failed for: ${failed.join(', ')}`);
  };
}
