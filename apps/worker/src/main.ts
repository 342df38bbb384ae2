import { runService } from '@prosaas/runtime';
import { Config } from './config.ts';
import { startWorker } from './service.ts';

await runService('worker', Config, startWorker);
