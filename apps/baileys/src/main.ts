import { runService } from '@prosaas/runtime';
import { BaileysConfig } from './config.ts';
import { startBaileys } from './service.ts';

await runService('baileys', BaileysConfig, startBaileys);
