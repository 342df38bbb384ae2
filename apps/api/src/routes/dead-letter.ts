import {
  type DeadJob,
  type DeadJobFilter,
  findDeadJob,
  groupDeadJobs,
  listDeadJobs,
  purgeDeadJobs,
  selectDeadJobs,
} from '@prosaas/database';
import { type App, BusinessFilter, businessOf, page, pageQuery } from '@prosaas/http';
import { type Relay, queueNames } from '@prosaas/queues';
import { AppError } from '@prosaas/runtime';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { findRefusal, replayJobs } from '../replay.ts';
import { Page } from './page.ts';
import { NullableText, type ResourceContext, Time, requireJobId } from './resource.ts';

const Dead = Type.Object({
  id: Type.String(),
  queue: Type.String(),
  business_id: NullableText,
  message_id: NullableText,
  payload: Type.Unknown(),
  reason: Type.String(),
  attempts: Type.Integer(),
  failures: Type.Array(Type.Unknown()),
  trace: NullableText,
  replays: Type.Integer(),
  created_at: Time,
  failed_at: Time,
});

const DateTime = Type.Optional(Type.String({ format: 'date-time', maxLength: 64 }));
const filterFields = {
  queue: Type.Optional(Type.Enum([...queueNames])),
  business: BusinessFilter,
  contains: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  /** The part of the reason before its first colon. */
  code: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  failed_after: DateTime,
  failed_before: DateTime,
};
const Filter = Type.Object(filterFields, { additionalProperties: false });
const Query = Type.Object({ ...pageQuery.properties, ...filterFields }, { additionalProperties: false });
const Id = Type.Object({ id: Type.String() });
/** `failed_at` of the page's last job, as PostgreSQL prints it, and the job's id. */
const Cursor = Type.Tuple([
  Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?[+-]\\d\\d(:\\d\\d)?$' }),
  Type.String({ pattern: '^\\d{1,18}$' }),
]);

/** A filter that matches more jobs is refused as a likely mistake, unless the request has a limit. */
const MAX_WITHOUT_LIMIT = 1000;
const bulkFields = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
  /** If the filter matches another number of jobs, nothing is done. */
  count: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
  /** Only counts the matches. */
  dry_run: Type.Optional(Type.Boolean()),
};
const Replay = Type.Object(
  {
    ...filterFields,
    ...bulkFields,
    rate_per_second: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  },
  { additionalProperties: false },
);
const Purge = Type.Object({ ...filterFields, ...bulkFields }, { additionalProperties: false });

const Reasons = Type.Object({
  items: Type.Array(
    Type.Object({
      code: Type.String(),
      count: Type.Integer(),
      oldest: Time,
      newest: Time,
      example_id: Type.String(),
      example_reason: Type.String(),
    }),
  ),
  /** Number of codes past the limit of the list, which has the most frequent ones. */
  left_off: Type.Integer(),
});
const MAX_REASONS = 50;

const Replayed = Type.Object({
  matched: Type.Integer(),
  replayed: Type.Integer(),
  /** Jobs that could not be replayed, and why. */
  refused: Type.Array(Type.Object({ id: Type.String(), code: Type.String(), detail: Type.String() })),
});
const Purged = Type.Object({ matched: Type.Integer(), purged: Type.Integer() });

/** Lists, replays and purges jobs that failed for good. */
export function deadLetterRoutes(
  app: App,
  { db, business, admin, relay }: ResourceContext & { relay: Relay },
): void {
  app.get(
    '/api/jobs/dead-letter',
    { onRequest: business, schema: { querystring: Query, response: { 200: Page(Dead) } } },
    async (request) => {
      const { limit, cursor, ...fields } = request.query;
      const filter = filterOf({ ...fields, business: businessOf(request, fields.business) });
      const last = decodeCursor(Cursor, cursor);
      const rows = await listDeadJobs(db, filter, {
        before: last && { failedAt: last[0], id: last[1] },
        limit: limit + 1,
      });
      return page(rows, limit, ({ position, id }) => encodeCursor([position, id]));
    },
  );

  app.get(
    '/api/jobs/dead-letter/reasons',
    { onRequest: business, schema: { querystring: Filter, response: { 200: Reasons } } },
    async (request) => {
      const filter = filterOf({ ...request.query, business: businessOf(request, request.query.business) });
      const { groups, leftOff } = await groupDeadJobs(db, filter, { limit: MAX_REASONS });
      return { items: groups, left_off: leftOff };
    },
  );

  const find = async (id: string, businessId?: string): Promise<DeadJob> => {
    const job = await findDeadJob(db, { id: requireJobId(id), businessId });
    if (job === undefined) throw new NotFound('job');
    return job;
  };

  app.get(
    '/api/jobs/dead-letter/:id',
    { onRequest: business, schema: { params: Id, response: { 200: Dead } } },
    async (request) => find(request.params.id, businessOf(request)),
  );

  app.post(
    '/api/jobs/dead-letter/:id/replay',
    { onRequest: admin, schema: { params: Id, response: { 202: Dead } } },
    async (request, reply) => {
      const id = requireJobId(request.params.id);
      const job = await findDeadJob(db, { id });
      if (job === undefined) throw await findRefusal(db, id);
      const { refused } = await replayJobs({ db, relay }, [id]);
      if (refused[0]) throw refused[0].error;
      return reply.code(202).send(job);
    },
  );

  app.delete(
    '/api/jobs/dead-letter/:id',
    { onRequest: admin, schema: { params: Id } },
    async (request, reply) => {
      const purged = await purgeDeadJobs(db, [requireJobId(request.params.id)]);
      if (purged === 0) throw new NotFound('job');
      return reply.code(204).send();
    },
  );

  const select = async ({
    limit,
    count,
    dry_run: isDry = false,
    ...filter
  }: Static<typeof Purge>): Promise<{ matched: number; ids: string[] }> => {
    const selected = await selectDeadJobs(db, filterOf(filter), limit ?? MAX_WITHOUT_LIMIT);
    const { matched } = selected;
    if (count !== undefined && matched !== count) throw new CountChanged(matched, count);
    if (isDry) return { matched, ids: [] };
    if (limit === undefined && matched > MAX_WITHOUT_LIMIT) throw new FilterTooBroad(matched);
    return selected;
  };

  app.post(
    '/api/jobs/dead-letter/replay',
    { onRequest: admin, schema: { body: Replay, response: { 200: Replayed } } },
    async (request) => {
      const { rate_per_second: ratePerSecond, ...selection } = request.body;
      const { matched, ids } = await select(selection);
      const { replayed, refused } = await replayJobs({ db, relay }, ids, { ratePerSecond });
      auditBulkAction(request, selection, replayed);
      return {
        matched,
        replayed,
        refused: refused.map(({ id, error: { code, detail } }) => ({ id, code, detail })),
      };
    },
  );

  app.post(
    '/api/jobs/dead-letter/purge',
    { onRequest: admin, schema: { body: Purge, response: { 200: Purged } } },
    async (request) => {
      const { matched, ids } = await select(request.body);
      const purged = await purgeDeadJobs(db, ids);
      auditBulkAction(request, request.body, purged);
      return { matched, purged };
    },
  );
}

/** Audits the number of jobs and the filter. A dry run is not audited. */
function auditBulkAction(
  request: FastifyRequest,
  { dry_run: isDry, limit: _limit, count: _count, ...filter }: Static<typeof Purge>,
  jobs: number,
): void {
  if (isDry === true) request.recordUse = undefined;
  else request.auditTarget = `${jobs} jobs ${JSON.stringify(filter)}`.slice(0, 300);
}

function filterOf(
  fields: Omit<Static<typeof Filter>, 'business'> & { business?: string | undefined },
): DeadJobFilter {
  const { queue, business: businessId, contains, code, failed_after: after, failed_before: before } = fields;
  return {
    queue,
    businessId,
    contains,
    code,
    failedAfter: after === undefined ? undefined : new Date(after),
    failedBefore: before === undefined ? undefined : new Date(before),
  };
}

class CountChanged extends AppError {
  override code = 'COUNT_CHANGED';
  override status = 409;

  constructor(matched: number, count: number) {
    super(`The filter now matches ${matched} jobs, not ${count}. Nothing was done.`);
  }
}

class FilterTooBroad extends AppError {
  override code = 'FILTER_TOO_BROAD';
  override status = 422;

  constructor(matched: number) {
    super(`The filter matches ${matched} jobs. Narrow it, or set "limit".`);
  }
}
