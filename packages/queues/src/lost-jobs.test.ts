import { poll } from '@prosaas/devstack';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { QueuesUnavailable } from './bull-handle.ts';
import { toBullJob } from './bull-job.ts';
import { findLostJobs } from './lost-jobs.ts';
import { inbound, openQueue, released, startWorker } from './test-jobs.ts';
import { bullPrefix, useRedis } from './test-redis.ts';

const env = useRedis();
const find = (jobs: readonly ReturnType<typeof released>[]): Promise<string[]> =>
  findLostJobs(env.redis, bullPrefix, jobs).then((lost) => lost.map(({ id }) => id));

test('a job is lost when BullMQ does not have it, has finished it or delays it for too long', async () => {
  await using queue = openQueue(env);
  const [absent, waiting, delayed, active, completed, failed, late] = ['1', '2', '3', '4', '5', '6', '7'].map(
    (id) => released(id),
  );
  const add = async (job: ReturnType<typeof released>, delay = 0): Promise<void> => {
    const { data, opts } = toBullJob(job);
    await queue.add(inbound, data, { ...opts, delay });
  };
  await add(delayed!, 60_000);
  // The worker's clock was ten minutes ahead when it delayed the job for a second.
  await add(late!, 601_000);
  await Promise.all([active!, completed!, failed!].map((job) => add(job)));
  const ending = Promise.withResolvers<void>();
  {
    await using _ = await startWorker(env, async ({ id }) => {
      if (id === '4-1') await ending.promise;
      if (id === '6-1') throw new UnrecoverableError('no');
    });
    await poll(async () => (await queue.getCompletedCount()) === 1 && (await queue.getFailedCount()) === 1, {
      what: 'two jobs to end',
    });
    await queue.pause();
    await add(waiting!);
    const all = [absent!, waiting!, delayed!, active!, completed!, failed!, late!];
    expect(await find(all)).toEqual(['1', '5', '6', '7']);
    // Another release of the waiting job, and the same id in another queue.
    expect(await find([{ ...waiting!, release: 2 }])).toEqual(['2']);
    expect(await find([{ ...waiting!, queue: 'outbound-messages' }])).toEqual(['2']);
    expect(await find([])).toEqual([]);
    await queue.resume();
    ending.resolve();
  }
});

test('fails while Redis is away, instead of reporting lost jobs', async () => {
  await env.server.stop();
  try {
    await expect(find([released('1')])).rejects.toThrow(QueuesUnavailable);
  } finally {
    await env.server.start();
  }
});
