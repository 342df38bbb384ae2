import type { JobSummary } from '@prosaas/queues';
import { expect, test } from 'vitest';
import { type JobList, type JobPosition, businessOfJob, readJobPage } from './job-pages.ts';

const lists: JobList[] = [
  { queue: 'inbound-messages', state: 'active' },
  { queue: 'outbound-messages', state: 'active' },
];

function job(id: string, payload: unknown): JobSummary {
  return {
    id,
    queue: 'inbound-messages',
    state: 'active',
    payload,
    error: null,
    trace: '',
    created_at: '',
    started_at: null,
    finished_at: null,
    worker: null,
  };
}

function readerOf(counts: number[]) {
  const held = counts.map((count, list) =>
    Array.from({ length: count }, (_, at) =>
      job(`${list}-${at}`, { businessId: at % 2 === 0 ? 'even' : 'odd' }),
    ),
  );
  return {
    listJobs: async ({ queue, offset, limit }: { queue: string; offset: number; limit: number }) =>
      (held[lists.findIndex((list) => list.queue === queue)] ?? []).slice(offset, offset + limit),
  };
}

async function walk(
  counts: number[],
  limit: number,
  isWanted: (job: JobSummary) => boolean,
): Promise<string[]> {
  const reader = readerOf(counts);
  const seen: string[] = [];
  let from: JobPosition | undefined = [0, 0];
  while (from !== undefined) {
    const page: Awaited<ReturnType<typeof readJobPage>> = await readJobPage(reader, {
      lists,
      from,
      limit,
      isWanted,
    });
    expect(page.jobs.length).toBeLessThanOrEqual(limit);
    seen.push(...page.jobs.map(({ id }) => id));
    from = page.next;
  }
  return seen;
}

test.each([
  [[0, 0], 10],
  [[3, 4], 10],
  [[100, 100], 50],
  [[250, 130], 7],
  [[5000, 1], 200],
])('pages over lists of %j jobs with %i per page hold each job once', async (counts, limit) => {
  const seen = await walk(counts, limit, () => true);
  expect(seen).toHaveLength(counts.reduce((sum, count) => sum + count, 0));
  expect(new Set(seen).size).toBe(seen.length);
});

test('skips jobs of other businesses and finds all of the own business', async () => {
  const seen = await walk([3000, 11], 50, (one) => businessOfJob(one) === 'odd');
  expect(seen).toHaveLength(1505);
});

test('reads the business of a job from its payload', () => {
  expect(businessOfJob(job('1', { businessId: 'a' }))).toBe('a');
  expect(businessOfJob(job('1', null))).toBeUndefined();
  expect(businessOfJob(job('1', { businessId: 7 }))).toBeUndefined();
});
