import type { QueueName } from './queue-table.ts';

/** BullMQ's own keys of a queue, as its scripts build them. */
export function queueKey(bullPrefix: string, queue: QueueName, type: string): string {
  return `${bullPrefix}:${queue}:${type}`;
}

/** One hash: `drained:<queue>`, jobs that were taken out of the queue and given up. */
export function countsKey(bullPrefix: string): string {
  return `${bullPrefix}:queue-counts`;
}

/** Figures of the jobs in PostgreSQL, as JSON; it expires. */
export function databaseStatsKey(bullPrefix: string): string {
  return `${bullPrefix}:job-rows`;
}
