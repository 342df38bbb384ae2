// A worker as it is, but its jobs are taken over from a dead one in seconds instead of half a minute.
import { runService } from '@prosaas/runtime';
import { Config } from '../src/config.ts';
import { startWorker } from '../src/service.ts';

// None outlives who started it.
process.on('disconnect', () => process.exit(1));
await runService('worker', Config, (config, context) =>
  startWorker(config, context, { times: { lockMs: 2000, stalledMs: 1000, finishMs: 3000 } }),
);
