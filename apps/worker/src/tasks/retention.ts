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
import { reportOf } from '../verdict.ts';

const DAY_MS = 24 * 3600_000;

const BATCH = 500;
/** Minutes of sound each. */
const RECORDINGS_BATCH = 50;
const DEAD_JOBS_BATCH = 100;
/** None is dropped before jobs were past the limit for so long: a burst may have brought them, and somebody is to see the warning. */
const WARNED_SECONDS = 30 * 60;

const FILLING =
  'the dead letter fills: its oldest jobs will be dropped unless they are replayed or purged, or DEAD_LETTER_MAX or RETENTION_DEAD_LETTER_DAYS is raised';

type RetentionDays = Pick<Config, Extract<keyof Config, `RETENTION_${string}`> | 'DEAD_LETTER_MAX'>;

export interface RetentionOptions {
  db: Database;
  config: RetentionDays;
  log: Logger;
}

interface Kind {
  name: string;
  days: number;
  /** Kept for ever, it may still become too many. */
  capped?: true;
  /** Deletes one batch, and says whether there may be another. */
  batch: (tx: Queryable, before: Date) => Promise<{ removed: number; more: boolean }>;
}

/** In this order: a call goes after its recordings, a conversation after its messages. */
function kindsOf({ config, log }: Omit<RetentionOptions, 'db'>, nowMs: number): Kind[] {
  const plain =
    (remove: (tx: Queryable, before: Date, limit: number) => Promise<number>, limit = BATCH): Kind['batch'] =>
    async (tx, before) => {
      const removed = await remove(tx, before, limit);
      return { removed, more: removed === limit };
    };

  /** Says which before it drops any. */
  const dropDead = async (
    tx: Queryable,
    { limit, ids, fields }: { limit: 'age' | 'count'; ids: string[]; fields: object },
  ): ReturnType<Kind['batch']> => {
    const seconds = await trackWarning(tx, { name: `dead_letter_${limit}`, isSo: ids.length > 0 });
    if (seconds === undefined || seconds < WARNED_SECONDS) return { removed: 0, more: false };
    const why = limit === 'age' ? 'too old' : 'too many';
    log.warn({ job_ids: ids, ...fields }, `jobs in the dead letter are ${why}: they are dropped`);
    return { removed: await purgeDeadJobs(tx, ids), more: true };
  };
  /** While there is time to do something about it; once in a round. */
  let warned = false;
  const warnOfFilling = async (tx: Queryable): Promise<void> => {
    if (warned) return;
    const fill = await readDeadLetterUsage(tx, deadLetterLimits(config), nowMs);
    if (isNearLimit(fill)) log.warn(fill, FILLING);
    warned = true;
  };
  const deadJobs: Kind['batch'] = async (tx, before) => {
    await warnOfFilling(tx);
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
    { name: 'messages', days: config.RETENTION_MESSAGES_DAYS, batch: plain(deleteOldMessages) },
    {
      name: 'unstored_messages',
      days: config.RETENTION_MESSAGES_DAYS,
      batch: plain(deleteOldUnstoredMessages),
    },
    // Those of messages that go, go with them.
    {
      name: 'unanswered_questions',
      days: config.RETENTION_MESSAGES_DAYS,
      capped: true,
      batch: plain((tx, _before, limit) => deleteExcessUnanswered(tx, limit)),
    },
    { name: 'notices', days: config.RETENTION_MESSAGES_DAYS, batch: plain(deleteOldNotices) },
    {
      name: 'conversation_events',
      days: config.RETENTION_MESSAGES_DAYS,
      batch: plain(deleteOldConversationEvents),
    },
    { name: 'conversations', days: config.RETENTION_MESSAGES_DAYS, batch: plain(deleteEmptyConversations) },
    {
      name: 'recordings',
      days: config.RETENTION_RECORDINGS_DAYS,
      batch: plain(deleteOldRecordings, RECORDINGS_BATCH),
    },
    { name: 'calls', days: config.RETENTION_CALLS_DAYS, batch: plain(deleteOldCalls) },
    { name: 'audit', days: config.RETENTION_AUDIT_DAYS, batch: plain(deleteOldAudit) },
    { name: 'dead_letters', days: config.RETENTION_DEAD_LETTER_DAYS, capped: true, batch: deadJobs },
  ];
}

export interface RetentionRound {
  /** How many of each kind went. */
  deleted: Record<string, number>;
  /** The kinds that could not be looked through. */
  failed: string[];
}

/**
 * Deletes what is older than its kind is kept, batch by batch. A batch that another worker is at ends the round: it is being done.
 * What is left when `signal` aborts is the next round's. A kind that fails does not keep the others.
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
        { ...reportOf(error), kind: name },
        'what is too old was not deleted; the next round tries again',
      );
    }
  }
  return round;
}

/** A round by its time: it fails when a part of it did. */
export function retentionTask(options: RetentionOptions): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    const { deleted, failed } = await applyRetention({ ...options, signal });
    await options.db.transaction(foldJobCounts);
    if (Object.keys(deleted).length > 0) options.log.info({ deleted }, 'what was too old was deleted');
    if (failed.length > 0) throw new Error(`what is too old was not deleted of: ${failed.join(', ')}`);
  };
}
