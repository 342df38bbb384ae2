import { runService } from '@prosaas/runtime';
import { ApiConfig } from './config.ts';
import { startApi } from './service.ts';

await runService('api', ApiConfig, startApi);
