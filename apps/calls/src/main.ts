import { runService } from '@prosaas/runtime';
import { CallsConfig } from './config.ts';
import { startCalls } from './service.ts';

await runService('calls', CallsConfig, startCalls);
