import { type App, BusinessFilter, businessOf, pageQuery } from '@prosaas/http';
import {
  type JobReader,
  type JobState,
  type JobSummary,
  type QueueControl,
  isQueueName,
  jobStates,
  queueNames,
} from '@prosaas/queues';
import { type Static, Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { type JobList, businessOfJob, readJobPage } from '../job-pages.ts';
import { Page } from './page.ts';
import { NullableText, type ResourceContext, requireJobId } from './resource.ts';

const Job = Type.Object({
  id: Type.String(),
  queue: Type.String(),
  state: Type.String(),
  payload: Type.Unknown(),
  error: NullableText,
  trace: Type.String(),
  created_at: Type.String(),
  started_at: NullableText,
  finished_at: NullableText,
  worker: NullableText,
});

const PageOfJobs = Page(Job);

const Query = Type.Object(
  {
    ...pageQuery.properties,
    business: BusinessFilter,
    queue: Type.Optional(Type.Enum([...queueNames])),
    state: Type.Optional(Type.Enum([...jobStates])),
  },
  { additionalProperties: false },
);
const Id = Type.Object({ queue: Type.String(), id: Type.String() });
const RowId = Type.Object({ id: Type.String() });
const Skip = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' }) },
  { additionalProperties: false },
);

const JobCursor = Type.Tuple([
  Type.Integer({ minimum: 0, maximum: 100 }),
  Type.Integer({ minimum: 0, maximum: 1e9 }),
]);

/** Running jobs first, finished ones last. */
const stateOrder: readonly JobState[] = ['active', 'waiting', 'delayed', 'failed', 'completed'];

/** Lists BullMQ's jobs, whose ids are `<job>-<release>`. Skips a job by the id of its row in PostgreSQL. */
export function jobRoutes(
  app: App,
  { business, admin, jobs, control }: ResourceContext & { jobs: JobReader; control: QueueControl },
): void {
  app.get(
    '/api/jobs',
    { onRequest: business, schema: { querystring: Query, response: { 200: PageOfJobs } } },
    async (request) => {
      const { limit, cursor, queue, state, business: named } = request.query;
      const queues = queue === undefined ? queueNames : [queue];
      const states = state === undefined ? stateOrder : [state];
      const lists = states.flatMap((one) => queues.map((name) => ({ queue: name, state: one })));
      return readPage(jobs, lists, { limit, cursor, businessId: businessOf(request, named) });
    },
  );

  app.get(
    '/api/jobs/:queue/:id',
    { onRequest: business, schema: { params: Id, response: { 200: Job } } },
    async (request) => {
      const { queue, id } = request.params;
      const businessId = businessOf(request);
      if (!isQueueName(queue)) throw new NotFound('queue');
      const job = await jobs.getJob(queue, id);
      if (job === undefined || !belongsTo(job, businessId)) throw new NotFound('job');
      return job;
    },
  );

  app.post(
    '/api/jobs/:id/skip',
    { onRequest: admin, schema: { params: RowId, body: Skip } },
    async (request, reply) => {
      // PostgreSQL cannot store NUL in a text.
      const reason = request.body.reason.replaceAll('\0', '');
      const found = await control.skip(requireJobId(request.params.id), reason);
      if (!found) throw new NotFound('job');
      return reply.code(204).send();
    },
  );
}

async function readPage(
  reader: JobReader,
  lists: readonly JobList[],
  options: { limit: number; cursor: string | undefined; businessId: string | undefined },
): Promise<Static<typeof PageOfJobs>> {
  const { jobs, next } = await readJobPage(reader, {
    lists,
    from: decodeCursor(JobCursor, options.cursor) ?? [0, 0],
    limit: options.limit,
    isWanted: (job) => belongsTo(job, options.businessId),
  });
  return { items: jobs, next_cursor: next === undefined ? null : encodeCursor([...next]) };
}

function belongsTo(job: JobSummary, businessId: string | undefined): boolean {
  return businessId === undefined || businessOfJob(job) === businessId;
}
