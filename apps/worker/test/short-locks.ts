import { runService } from '@prosaas/runtime';
import { Config } from '../src/config.ts';
import { startWorker } from '../src/service.ts';

// The service as it is, but its jobs are taken over from a dead worker in seconds instead of half a minute.
await runService('worker', Config, (config, context) =>
  startWorker(config, context, { times: { lockMs: 2000, stalledMs: 1000, finishMs: 3000 } }),
);
