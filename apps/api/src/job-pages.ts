import type { JobReader, JobState, JobSummary, QueueName } from '@prosaas/queues';

export interface JobList {
  queue: QueueName;
  state: JobState;
}

/** Where a page begins: the list (by its place among those asked for) and the offset in it. */
export type JobPosition = readonly [list: number, offset: number];

/** Most jobs that one page looks at: with an API key others' jobs are passed by, and a page may end short of its limit. */
const MOST_READ = 1000;
const CHUNK = 100;

/**
 * A page over several lists, one after the other. `next` is undefined at the end; a page with a `next` may hold fewer jobs
 * than asked for, also none.
 */
export async function readJobPage(
  reader: Pick<JobReader, 'listJobs'>,
  options: {
    lists: readonly JobList[];
    from: JobPosition;
    limit: number;
    wanted: (job: JobSummary) => boolean;
  },
): Promise<{ jobs: JobSummary[]; next: JobPosition | undefined }> {
  const { lists, limit, wanted } = options;
  const jobs: JobSummary[] = [];
  let [index, offset] = options.from;
  let read = 0;
  for (let list = lists[index]; list !== undefined; list = lists[index]) {
    // oxlint-disable-next-line no-await-in-loop -- where the next chunk begins depends on this one
    const chunk = await reader.listJobs({ ...list, offset, limit: CHUNK });
    for (const [at, job] of chunk.entries()) {
      if (!wanted(job)) continue;
      jobs.push(job);
      if (jobs.length === limit) return { jobs, next: [index, offset + at + 1] };
    }
    read += chunk.length;
    offset += CHUNK;
    // One that went just now is missing: a short chunk need not be the last.
    if (chunk.length === 0) {
      index += 1;
      offset = 0;
    }
    if (read >= MOST_READ) return { jobs, next: [index, offset] };
  }
  return { jobs, next: undefined };
}

/** Whose job it is. */
export function businessOfJob(job: JobSummary): string | undefined {
  const id = (job.payload as { businessId?: unknown } | null)?.businessId;
  return typeof id === 'string' ? id : undefined;
}
