import { type JobCounts, readJobCounts } from '@prosaas/database';
import type { App } from '@prosaas/http';
import { type QueueControl, type QueueName, type QueueTotals, isQueueName } from '@prosaas/queues';
import { Type } from 'typebox';
import type { CompletionRates } from '../completion-rates.ts';
import { NotFound } from '../errors.ts';
import type { ResourceContext } from './resource.ts';

const Count = Type.Integer();
const Queue = Type.Object({
  name: Type.String(),
  paused: Type.Boolean(),
  waiting: Count,
  active: Count,
  delayed: Count,
  /** Jobs in PostgreSQL that are not released to BullMQ yet. */
  pending: Count,
  oldest_age_seconds: Type.Number(),
  /** Average of the last 5 minutes; null until the api has samples of 30 s. */
  completed_per_minute: Type.Unsafe<number | null>({ type: ['number', 'null'] }),
  totals: Type.Object({ enqueued: Count, completed: Count, failed: Count, dead_letter: Count }),
  /** Counted separately in PostgreSQL: `inserted = closed + failed + open`. */
  rows: Type.Object({ inserted: Count, closed: Count, failed: Count, open: Count }),
});
const Queues = Type.Object({ items: Type.Array(Queue), dead_letter_depth: Count });
const Drained = Type.Object({ drained: Count });
const Name = Type.Object({ queue: Type.String() });

const noJobs: JobCounts = {
  inserted: 0,
  closed: 0,
  failed: 0,
  open: 0,
  pending: 0,
  pending_age_seconds: 0,
  dead: 0,
};

/** Shows the job queues, which hold the jobs of all businesses, and pauses, resumes and drains them. The metrics token may read. */
export function queueRoutes(
  app: App,
  {
    db,
    admin,
    operator,
    readTotals,
    rates,
    control,
  }: ResourceContext & {
    readTotals: () => Promise<QueueTotals>;
    rates: CompletionRates;
    control: QueueControl;
  },
): void {
  app.get('/api/queues', { onRequest: operator, schema: { response: { 200: Queues } } }, async () => {
    const [{ queues }, counts] = await Promise.all([readTotals(), readJobCounts(db, { countsRows: true })]);
    const items = Object.entries(queues).map(([name, depths]) => {
      const { paused, waiting, active, delayed, enqueued, completed, failed, oldestAgeSeconds } = depths;
      const { pending, pending_age_seconds: pendingAge, ...rows } = counts[name] ?? noJobs;
      return {
        name,
        paused,
        waiting,
        active,
        delayed,
        pending,
        oldest_age_seconds: Math.max(oldestAgeSeconds, pendingAge),
        completed_per_minute: rates.perMinute(name),
        totals: { enqueued, completed, failed, dead_letter: failed },
        rows,
      };
    });
    const depth = Object.values(counts).reduce((sum, { dead }) => sum + dead, 0);
    return { items, dead_letter_depth: depth };
  });

  const queueOf = ({ queue }: { queue: string }): QueueName => {
    if (!isQueueName(queue)) throw new NotFound('queue');
    return queue;
  };

  for (const action of ['pause', 'resume'] as const) {
    app.post(
      `/api/queues/:queue/${action}`,
      { onRequest: admin, schema: { params: Name } },
      async (request, reply) => {
        await control[action](queueOf(request.params));
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
