import { type App, pageQuery } from '@prosaas/http';
import {
  DEAD_LETTER,
  type DeadLetters,
  type JobReader,
  type KeptLetter,
  type LetterFilter,
  businessOfLetter,
  matchesFilter,
  queueNames,
} from '@prosaas/queues';
import { AppError } from '@prosaas/runtime';
import { type Static, Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { readJobPage } from '../job-pages.ts';
import { replayLetters } from '../replay.ts';
import { Page } from './page.ts';
import { BusinessFilter, NullableText, type ResourceContext, businessOf } from './resource.ts';

const Letter = Type.Object({
  id: Type.String(),
  queue: Type.String(),
  job_id: Type.String(),
  payload: Type.Unknown(),
  reason: Type.String(),
  attempts: Type.Integer(),
  failures: Type.Array(Type.Unknown()),
  trace: Type.String(),
  replay_of: NullableText,
  created_at: Type.String(),
  started_at: NullableText,
  failed_at: Type.String(),
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
const Cursor = Type.Tuple([Type.Integer({ minimum: 0, maximum: 1e9 })]);

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
  { db, business, admin, jobs, letters }: ResourceContext & { jobs: JobReader; letters: DeadLetters },
): void {
  app.get(
    '/api/jobs/dead-letter',
    { onRequest: business, schema: { querystring: Query, response: { 200: Page(Letter) } } },
    async (request) => {
      const { limit, cursor, ...wanted } = request.query;
      const filter = filterOf({ ...wanted, business: businessOf(request, wanted.business) });
      const found: KeptLetter[] = [];
      const { next } = await readJobPage(jobs, {
        lists: [{ queue: DEAD_LETTER, state: 'waiting' }],
        from: [0, decodeCursor(Cursor, cursor)?.[0] ?? 0],
        limit,
        wanted: ({ id, payload }) => {
          const letter = { id, ...(payload as Omit<KeptLetter, 'id'>) };
          const matches = matchesFilter(letter, filter);
          if (matches) found.push(letter);
          return matches;
        },
      });
      // One list: where it is over, the next would begin.
      const more = next !== undefined && next[0] === 0;
      return { items: found.map(show), next_cursor: more ? encodeCursor([next[1]]) : null };
    },
  );

  const find = async (id: string, businessId?: string): Promise<KeptLetter> => {
    const letter = await letters.find(id);
    if (letter === undefined || (businessId !== undefined && businessOfLetter(letter) !== businessId)) {
      throw new NotFound('job');
    }
    return letter;
  };

  app.get(
    '/api/jobs/dead-letter/:id',
    { onRequest: business, schema: { params: Id, response: { 200: Letter } } },
    async (request) => show(await find(request.params.id, businessOf(request))),
  );

  app.post(
    '/api/jobs/dead-letter/:id/replay',
    { onRequest: admin, schema: { params: Id, response: { 202: Letter } } },
    async (request, reply) => {
      const letter = await find(request.params.id);
      const { refused } = await replayLetters({ db, letters }, [letter]);
      if (refused[0]) throw refused[0].error;
      return reply.code(202).send(show(letter));
    },
  );

  app.delete(
    '/api/jobs/dead-letter/:id',
    { onRequest: admin, schema: { params: Id } },
    async (request, reply) => {
      const letter = await find(request.params.id);
      await letters.drop([letter.id]);
      return reply.code(204).send();
    },
  );

  const select = async (
    filter: Static<typeof Filter>,
    limit: number | undefined,
  ): Promise<{ matched: number; letters: KeptLetter[] }> => {
    const selected = await letters.select(filterOf(filter), limit ?? MOST_WITHOUT_LIMIT);
    if (limit === undefined && selected.matched > MOST_WITHOUT_LIMIT)
      throw new FilterTooBroad(selected.matched);
    return selected;
  };

  app.post(
    '/api/jobs/dead-letter/replay',
    { onRequest: admin, schema: { body: Replay, response: { 200: Replayed } } },
    async (request) => {
      const { limit, rate_per_second: ratePerSecond, ...filter } = request.body;
      const selected = await select(filter, limit);
      const { replayed, refused } = await replayLetters({ db, letters }, selected.letters, { ratePerSecond });
      return {
        matched: selected.matched,
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
      const selected = await select(filter, limit);
      await letters.drop(selected.letters.map(({ id }) => id));
      return { matched: selected.matched, purged: selected.letters.length };
    },
  );
}

function filterOf(
  fields: Omit<Static<typeof Filter>, 'business'> & { business?: string | undefined },
): LetterFilter {
  const { queue, business: businessId, contains, failed_after: after, failed_before: before } = fields;
  return {
    queue,
    businessId,
    contains,
    failedAfter: after === undefined ? undefined : new Date(after),
    failedBefore: before === undefined ? undefined : new Date(before),
  };
}

function show({ origin, ...letter }: KeptLetter): Static<typeof Letter> {
  return { ...letter, queue: origin.queue, job_id: origin.id };
}

class FilterTooBroad extends AppError {
  constructor(matched: number) {
    super(`The filter matches ${matched} jobs: narrow it, or say how many by "limit".`, {
      status: 422,
      code: 'FILTER_TOO_BROAD',
    });
  }
}
