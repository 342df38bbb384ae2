import type { Job, Queue } from 'bullmq';

/**
 * `undefined` for what is no job. BullMQ keeps what it knows of a queue beside the queue's jobs (`meta`, `wait`, `<id>:lock`), and
 * would read those as jobs, or delete them. No key that a job is put in under holds a colon.
 */
export async function findJob(queue: Queue, id: string): Promise<Job | undefined> {
  return id.includes(':') || Object.hasOwn(queue.keys, id) ? undefined : queue.getJob(id);
}
