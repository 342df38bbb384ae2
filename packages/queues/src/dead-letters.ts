import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { openBull } from './bull-handle.ts';
import type { DeadLetter, KeptLetter } from './dead-letter.ts';
import { findJob } from './find-job.ts';
import { queueKey } from './queue-keys.ts';
import { DEAD_LETTER, type QueueName } from './queue-table.ts';

/** What is not named is any. */
export interface LetterFilter {
  queue?: QueueName | undefined;
  businessId?: string | undefined;
  /** Stands in the reason, whatever the case. */
  contains?: string | undefined;
  /** Inclusive. */
  failedAfter?: Date | undefined;
  failedBefore?: Date | undefined;
}

/** What was moved to the dead letter. Nothing is counted here: the counts tell what was moved, whatever became of it. */
export interface DeadLetters extends AsyncDisposable {
  find(id: string): Promise<KeptLetter | undefined>;
  /** How many match, and the first `limit` of them, oldest first. */
  select(filter: LetterFilter, limit: number): Promise<{ matched: number; letters: KeptLetter[] }>;
  /** Ids of letters that were moved there before `before`, oldest first. */
  listExpired(options: { before: Date; limit: number }): Promise<string[]>;
  /** Ids of the oldest of those that are more than `most`. */
  listExcess(options: { most: number; limit: number }): Promise<string[]>;
  /** Those that are gone already are passed over. */
  drop(ids: readonly string[]): Promise<void>;
}

const CHUNK = 200;

/** Throws `QueuesUnavailable` at once while Redis is away. */
export function openDeadLetters({ redis, bullPrefix }: { redis: Redis; bullPrefix: string }): DeadLetters {
  const bull = openBull(redis, bullPrefix);
  const oldest = async (from: number, count: number): Promise<Job[]> =>
    (await bull.queue(DEAD_LETTER)).getJobs(['waiting'], from, from + count - 1, true);

  return {
    async find(id) {
      const job = await findJob(await bull.queue(DEAD_LETTER), id);
      return job && letterOf(job);
    },
    async select(filter, limit) {
      const letters: KeptLetter[] = [];
      let matched = 0;
      for (let from = 0; ; from += CHUNK) {
        const jobs = await oldest(from, CHUNK);
        // One that went just now is missing: a short chunk need not be the last.
        if (jobs.length === 0) return { matched, letters };
        for (const job of jobs) {
          const letter = letterOf(job);
          if (!matchesFilter(letter, filter)) continue;
          matched += 1;
          if (letters.length < limit) letters.push(letter);
        }
      }
    },
    async listExpired({ before, limit }) {
      return idsOf((await oldest(0, limit)).filter((job) => job.timestamp < before.getTime()));
    },
    async listExcess({ most, limit }) {
      const excess = (await (await bull.queue(DEAD_LETTER)).getWaitingCount()) - most;
      return excess <= 0 ? [] : idsOf(await oldest(0, Math.min(excess, limit)));
    },
    async drop(ids) {
      const wait = queueKey(bullPrefix, DEAD_LETTER, 'wait');
      const drop = (id: string): Promise<number> =>
        bull.run('dropLetter', [wait, queueKey(bullPrefix, DEAD_LETTER, id), id]);
      // Fails as every other call does while Redis is away.
      await bull.queue(DEAD_LETTER);
      // In parts, so that none of them outlasts a command's time limit.
      for (let from = 0; from < ids.length; from += CHUNK) {
        await Promise.all(ids.slice(from, from + CHUNK).map(drop));
      }
    },
    [Symbol.asyncDispose]: () => bull[Symbol.asyncDispose](),
  };
}

export function matchesFilter(letter: DeadLetter, filter: LetterFilter): boolean {
  const { queue, businessId, contains, failedAfter, failedBefore } = filter;
  const failedAt = Date.parse(letter.failed_at);
  return (
    (queue === undefined || letter.origin.queue === queue) &&
    (businessId === undefined || businessOfLetter(letter) === businessId) &&
    (contains === undefined || letter.reason.toLowerCase().includes(contains.toLowerCase())) &&
    (failedAfter === undefined || failedAt >= failedAfter.getTime()) &&
    (failedBefore === undefined || failedAt <= failedBefore.getTime())
  );
}

/** `undefined` where the payload does not say: it may be why the job failed. */
export function businessOfLetter({ payload }: Pick<DeadLetter, 'payload'>): string | undefined {
  const { businessId } = (payload ?? {}) as { businessId?: unknown };
  return typeof businessId === 'string' ? businessId : undefined;
}

function letterOf(job: Job): KeptLetter {
  return { id: job.id ?? '', ...(job.data as DeadLetter) };
}

const idsOf = (jobs: readonly Job[]): string[] => jobs.flatMap(({ id }) => (id === undefined ? [] : [id]));
