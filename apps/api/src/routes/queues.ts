import type { App } from '@prosaas/http';
import { type QueueControl, type QueueName, type QueueTotals, isQueueName } from '@prosaas/queues';
import { Type } from 'typebox';
import { NotFound } from '../errors.ts';
import type { ResourceContext } from './resource.ts';

const Count = Type.Integer();
const Queue = Type.Object({
  name: Type.String(),
  paused: Type.Boolean(),
  waiting: Count,
  active: Count,
  delayed: Count,
  /** On their way to the dead letter. */
  failed: Count,
  oldest_age_seconds: Type.Number(),
  totals: Type.Object({ enqueued: Count, completed: Count, failed: Count, dead_letter: Count }),
});
const Queues = Type.Object({ items: Type.Array(Queue), dead_letter_depth: Count });
const Drained = Type.Object({ drained: Count });
const Name = Type.Object({ queue: Type.String() });

/** The job queues, and what an operator does to one. They hold the jobs of all businesses: the admin key alone. */
export function queueRoutes(
  app: App,
  {
    admin,
    readTotals,
    control,
  }: ResourceContext & { readTotals: () => Promise<QueueTotals>; control: QueueControl },
): void {
  app.get('/api/queues', { onRequest: admin, schema: { response: { 200: Queues } } }, async () => {
    const { queues, deadLetterDepth } = await readTotals();
    const items = Object.entries(queues).map(
      ([name, { enqueued, completed, failedTotal, deadLetter, ...depths }]) => {
        const { paused, waiting, active, delayed, failed, oldestAgeSeconds } = depths;
        const totals = { enqueued, completed, failed: failedTotal, dead_letter: deadLetter };
        return {
          name,
          paused,
          waiting,
          active,
          delayed,
          failed,
          oldest_age_seconds: oldestAgeSeconds,
          totals,
        };
      },
    );
    return { items, dead_letter_depth: deadLetterDepth };
  });

  const queueOf = ({ queue }: { queue: string }): QueueName => {
    if (!isQueueName(queue)) throw new NotFound('queue');
    return queue;
  };

  for (const order of ['pause', 'resume'] as const) {
    app.post(
      `/api/queues/:queue/${order}`,
      { onRequest: admin, schema: { params: Name } },
      async (request, reply) => {
        await control[order](queueOf(request.params));
        return reply.code(204).send();
      },
    );
  }

  app.post(
    '/api/queues/:queue/drain',
    { onRequest: admin, schema: { params: Name, response: { 200: Drained } } },
    async (request) => ({ drained: await control.drain(queueOf(request.params)) }),
  );
}
