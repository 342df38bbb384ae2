import { queueTable } from '@prosaas/queues';
import type { Config } from './config.ts';
import type { QueueDefinitions } from './run-job.ts';

/** The table, with what the operator set in it. */
export function queuesOf(config: Pick<Config, 'WORKER_SENDS_PER_SECOND'>): QueueDefinitions {
  const rateLimit = { max: config.WORKER_SENDS_PER_SECOND, perMs: 1000 };
  return { ...queueTable, 'outbound-messages': { ...queueTable['outbound-messages'], rateLimit } };
}
