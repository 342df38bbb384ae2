import {
  type DeadJob,
  type DeadJobFilter,
  findDeadJob,
  listDeadJobs,
  purgeDeadJobs,
  selectDeadJobs,
} from '@prosaas/database';
import { type App, BusinessFilter, businessOf, page, pageQuery } from '@prosaas/http';
import { type Relay, queueNames } from '@prosaas/queues';
import { AppError } from '@prosaas/runtime';
import { type Static, Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { replayJobs } from '../replay.ts';
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
  failed_after: DateTime,
  failed_before: DateTime,
};
const Filter = Type.Object(filterFields, { additionalProperties: false });
const Query = Type.Object({ ...pageQuery.properties, ...filterFields }, { additionalProperties: false });
const Id = Type.Object({ id: Type.String() });
/** When the page's last job failed, as PostgreSQL writes it, and its id. */
const Cursor = Type.Tuple([
  Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?[+-]\\d\\d(:\\d\\d)?$' }),
  Type.String({ pattern: '^\\d{1,18}$' }),
]);

/** Without a limit of the caller's own, a filter that matches more is taken for a mistake. */
const MOST_WITHOUT_LIMIT = 1000;
const limitField = { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })) };
const Replay = Type.Object(
  {
    ...filterFields,
    ...limitField,
    rate_per_second: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  },
  { additionalProperties: false },
);
const Purge = Type.Object({ ...filterFields, ...limitField }, { additionalProperties: false });

const Replayed = Type.Object({
  matched: Type.Integer(),
  replayed: Type.Integer(),
  /** Those that could not be, and why. */
  refused: Type.Array(Type.Object({ id: Type.String(), code: Type.String(), detail: Type.String() })),
});
const Purged = Type.Object({ matched: Type.Integer(), purged: Type.Integer() });

/** Jobs that failed for good and wait for a person. */
export function deadLetterRoutes(
  app: App,
  { db, business, admin, relay }: ResourceContext & { relay: Relay },
): void {
  app.get(
    '/api/jobs/dead-letter',
    { onRequest: business, schema: { querystring: Query, response: { 200: Page(Dead) } } },
    async (request) => {
      const { limit, cursor, ...wanted } = request.query;
      const filter = filterOf({ ...wanted, business: businessOf(request, wanted.business) });
      const last = decodeCursor(Cursor, cursor);
      const rows = await listDeadJobs(db, filter, {
        before: last && { failedAt: last[0], id: last[1] },
        limit: limit + 1,
      });
      return page(rows, limit, ({ position, id }) => encodeCursor([position, id]));
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
      // A job that is not in the dead letter may have been replayed: `replayJobs` says so.
      const { refused } = await replayJobs({ db, relay }, [id]);
      if (refused[0]) throw refused[0].error;
      if (job === undefined) throw new NotFound('job');
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

  const select = async (
    filter: Static<typeof Filter>,
    limit: number | undefined,
  ): Promise<{ matched: number; ids: string[] }> => {
    const selected = await selectDeadJobs(db, filterOf(filter), limit ?? MOST_WITHOUT_LIMIT);
    if (limit === undefined && selected.matched > MOST_WITHOUT_LIMIT)
      throw new FilterTooBroad(selected.matched);
    return selected;
  };

  app.post(
    '/api/jobs/dead-letter/replay',
    { onRequest: admin, schema: { body: Replay, response: { 200: Replayed } } },
    async (request) => {
      const { limit, rate_per_second: ratePerSecond, ...filter } = request.body;
      const { matched, ids } = await select(filter, limit);
      const { replayed, refused } = await replayJobs({ db, relay }, ids, { ratePerSecond });
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
      const { limit, ...filter } = request.body;
      const { matched, ids } = await select(filter, limit);
      return { matched, purged: await purgeDeadJobs(db, ids) };
    },
  );
}

function filterOf(
  fields: Omit<Static<typeof Filter>, 'business'> & { business?: string | undefined },
): DeadJobFilter {
  const { queue, business: businessId, contains, failed_after: after, failed_before: before } = fields;
  return {
    queue,
    businessId,
    contains,
    failedAfter: after === undefined ? undefined : new Date(after),
    failedBefore: before === undefined ? undefined : new Date(before),
  };
}

class FilterTooBroad extends AppError {
  constructor(matched: number) {
    super(`The filter matches ${matched} jobs: narrow it, or say how many by "limit".`, {
      status: 422,
      code: 'FILTER_TOO_BROAD',
    });
  }
}
