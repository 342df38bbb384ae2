import type { JobReader, JobState, JobSummary, QueueName } from '@prosaas/queues';

export interface JobList {
  queue: QueueName;
  state: JobState;
}

/** Where a page begins: the index of the list in the request, and the offset in that list. */
export type JobPosition = readonly [listIndex: number, offset: number];

/** Jobs that one page reads. A page may hold fewer jobs than its limit: with an API key it skips those of other businesses. */
const MAX_READ = 1000;
const CHUNK_SIZE = 100;

/**
 * Reads a page over several lists, one after the other. `next` is undefined at the end. A page with a `next` may hold fewer jobs than
 * the limit, even none.
 */
export async function readJobPage(
  reader: Pick<JobReader, 'listJobs'>,
  options: {
    lists: readonly JobList[];
    from: JobPosition;
    limit: number;
    isWanted: (job: JobSummary) => boolean;
  },
): Promise<{ jobs: JobSummary[]; next: JobPosition | undefined }> {
  const { lists, limit, isWanted } = options;
  const jobs: JobSummary[] = [];
  let [index, offset] = options.from;
  let read = 0;
  for (let list = lists[index]; list !== undefined; list = lists[index]) {
    // oxlint-disable-next-line no-await-in-loop -- where the next chunk begins depends on this one
    const chunk = await reader.listJobs({ ...list, offset, limit: CHUNK_SIZE });
    for (const [position, job] of chunk.entries()) {
      if (!isWanted(job)) continue;
      jobs.push(job);
      if (jobs.length === limit) return { jobs, next: [index, offset + position + 1] };
    }
    read += chunk.length;
    offset += CHUNK_SIZE;
    // Jobs may leave the list during the read, so a short chunk need not be the last. An empty one is.
    if (chunk.length === 0) {
      index += 1;
      offset = 0;
    }
    if (read >= MAX_READ) return { jobs, next: [index, offset] };
  }
  return { jobs, next: undefined };
}

/** The business of the job; undefined if its payload names none. */
export function businessOfJob(job: JobSummary): string | undefined {
  const id = (job.payload as { businessId?: unknown } | null)?.businessId;
  return typeof id === 'string' ? id : undefined;
}
