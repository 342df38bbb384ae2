import type { QueueName } from './queue-table.ts';

/** A key of BullMQ's, built as its scripts do. */
export function queueKey(bullPrefix: string, queue: QueueName, type: string): string {
  return `${bullPrefix}:${queue}:${type}`;
}

/** A hash: the field `drained:<queue>` counts jobs that an operator removed from the queue and failed. */
export function countsKey(bullPrefix: string): string {
  return `${bullPrefix}:queue-counts`;
}

/** The cached `DatabaseStats` as JSON; it expires. */
export function databaseStatsKey(bullPrefix: string): string {
  return `${bullPrefix}:job-rows`;
}
