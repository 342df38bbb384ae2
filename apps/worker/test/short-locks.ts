import { queueTable } from '@prosaas/queues';
import { runService } from '@prosaas/runtime';
import { Config } from '../src/config.ts';
import { startWorker } from '../src/service.ts';

// The service as it is, but its jobs are taken over from a dead worker in seconds instead of half a minute, and a queue that
// TEST_SANDBOXED names has a process of its own.
const { TEST_SANDBOXED: sandboxed = '' } = process.env;
const queues = Object.fromEntries(
  Object.entries(queueTable).map(([name, queue]) => [name, { ...queue, isSandboxed: name === sandboxed }]),
) as unknown as typeof queueTable;
await runService('worker', Config, (config, context) =>
  startWorker(config, context, { queues, times: { lockMs: 2000, stalledMs: 1000, finishMs: 3000 } }),
);
