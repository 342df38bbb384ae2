// The worker with shorter locks, so that the jobs of a dead one are taken over in seconds instead of half a minute.
import { runService } from '@prosaas/runtime';
import { Config } from '../src/config.ts';
import { startWorker } from '../src/service.ts';

// Exit with the parent process.
process.on('disconnect', () => process.exit(1));
await runService('worker', Config, (config, context) =>
  startWorker(config, context, { times: { lockMs: 2000, stalledMs: 1000, finishMs: 3000 } }),
);
