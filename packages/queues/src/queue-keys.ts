import type { SCHEDULES } from './schedule-table.ts';
import type { DEAD_LETTER, QueueName } from './queue-table.ts';

/** BullMQ's own keys of a queue, as its scripts build them. */
export function queueKey(
  bullPrefix: string,
  queue: QueueName | typeof DEAD_LETTER | typeof SCHEDULES,
  type: string,
): string {
  return `${bullPrefix}:${queue}:${type}`;
}

/** One hash: `enqueued:<queue>` and `dead_letter:<queue>`, written by the scripts that add and move jobs. */
export function countsKey(bullPrefix: string): string {
  return `${bullPrefix}:queue-counts`;
}

/** Since when the dead letter is past one of its limits, Unix ms; not there while it is not. */
export function pastLimitKey(bullPrefix: string, limit: 'age' | 'count'): string {
  return `${bullPrefix}:dead-letter-past:${limit}`;
}

/** When the next turn of a queue's rate is free. */
export function turnsKey(bullPrefix: string, queue: QueueName): string {
  return `${bullPrefix}:turns:${queue}`;
}
