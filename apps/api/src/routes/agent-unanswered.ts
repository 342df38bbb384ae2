import {
  MAX_LEARNED_ENTRIES,
  addLearnedEntry,
  findQuestionState,
  listLearnedEntries,
  lockLearnedEntries,
  setQuestionState,
} from '@prosaas/database';
import { type App, BusinessFilter, ValidationFailed, businessOf, page, pageQuery } from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import { type Static, Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { type AgentProfile, readLearned } from '../learning/agent-profile.ts';
import {
  type AnswerRequest,
  answerableEntries,
  buildEntry,
  findRepeatedEntry,
  viewLearnedEntry,
} from '../learning/entries.ts';
import {
  compareClusters,
  findCluster,
  readQuestionClusters,
  readExamples,
} from '../learning/question-clusters.ts';
import { Answer, Entry, Id, Phrasings, QuestionText } from './agent-schemas.ts';
import { Page } from './page.ts';
import { NullableText, type ResourceContext, Time } from './resource.ts';

const State = Type.Optional(Type.Enum(['open', 'dismissed']));
const Unanswered = Type.Object({
  id: Type.String(),
  business_id: Type.String(),
  question: Type.String({ description: 'What was asked most often of them' }),
  count: Type.Integer(),
  first_at: Time,
  last_at: Time,
  examples: Type.Array(
    Type.Object({
      text: Type.String(),
      language: NullableText,
      count: Type.Integer(),
      last_at: Time,
      conversation_id: Type.String(),
    }),
  ),
});
const UnansweredQuery = Type.Object(
  { ...pageQuery.properties, business: BusinessFilter, state: State },
  { additionalProperties: false },
);
const UnansweredCursor = Type.Tuple([
  Type.Integer({ minimum: 1 }),
  Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 }),
  Type.String({ pattern: '^[0-9a-f]{32}$' }),
]);

const AnswerBody = Type.Object(
  {
    answer: Type.Optional(Answer),
    question: Type.Optional(QuestionText),
    entry: Type.Optional(Type.String({ minLength: 1, maxLength: 1000, pattern: '\\S' })),
    also: Type.Optional(Phrasings),
  },
  { additionalProperties: false },
);
type AnswerBody = Static<typeof AnswerBody>;

const audited = { audited: true };

/** Questions that the agent did not understand, in groups of similar ones, and their answers: docs/agent.md. */
export function agentUnansweredRoutes(
  app: App,
  { db, business, profile }: ResourceContext & { profile: AgentProfile },
): void {
  app.get(
    '/api/agent/unanswered',
    { onRequest: business, schema: { querystring: UnansweredQuery, response: { 200: Page(Unanswered) } } },
    async (request) => {
      const { limit, cursor, business: named, state = 'open' } = request.query;
      const after = decodeCursor(UnansweredCursor, cursor);
      const clusters = await readQuestionClusters(db, { businessId: businessOf(request, named), state });
      const following =
        after === undefined
          ? clusters
          : clusters.filter(
              (cluster) =>
                compareClusters(cluster, { count: after[0], last_at: new Date(after[1]), id: after[2] }) > 0,
            );
      const { items, next_cursor } = page(following.slice(0, limit + 1), limit, ({ count, last_at, id }) =>
        encodeCursor([count, last_at.getTime(), id]),
      );
      const examples = await readExamples(db, items, state);
      return {
        items: items.map((cluster) => {
          const shown = examples.get(cluster.id) ?? [];
          return { ...cluster, question: shown[0]?.text ?? '', examples: shown };
        }),
        next_cursor,
      };
    },
  );

  // A repeated request changes nothing and returns the same entry.
  app.post(
    '/api/agent/unanswered/:id/answer',
    {
      onRequest: business,
      config: audited,
      schema: { params: Id, body: AnswerBody, response: { 200: Entry } },
    },
    async (request) => {
      const { id } = request.params;
      const answerRequest = toAnswerRequest(request.body);
      // Reads what other replicas learned: a new entry must not repeat one of those.
      await readLearned(profile, request.log);
      const entry = await db.transaction(async (tx) => {
        await lockLearnedEntries(tx);
        const found = await findQuestionState(tx, { groupId: id, businessId: businessOf(request) });
        if (found === undefined) throw new NotFound('question');
        const learned = await listLearnedEntries(tx, undefined);
        if (found.state === 'answered') return findRepeatedEntry(learned, found.entry_id, answerRequest);
        const { state, business_id: businessId } = found;
        const cluster = await findCluster(tx, { groupId: id, businessId, state });
        const examples = (await readExamples(tx, [cluster], state)).get(cluster.id) ?? [];
        const texts = examples.map(({ text }) => text);
        const entries = answerableEntries(profile.current(), learned);
        const newEntry = buildEntry({ request: answerRequest, texts, entries });
        const personId = request.principal?.person?.id;
        const added = await addLearnedEntry(tx, { businessId, personId, ...newEntry });
        if (added === undefined) throw new TooManyEntries();
        await setQuestionState(tx, {
          groupIds: cluster.groupIds,
          from: state,
          to: 'answered',
          entryId: added.id,
        });
        return added;
      });
      await readLearned(profile, request.log);
      return viewLearnedEntry(entry, profile.current());
    },
  );

  for (const [path, from, to] of [
    ['dismiss', 'open', 'dismissed'],
    ['reopen', 'dismissed', 'open'],
  ] as const) {
    app.post(
      `/api/agent/unanswered/:id/${path}`,
      { onRequest: business, config: audited, schema: { params: Id } },
      async (request, reply) => {
        const { id } = request.params;
        await db.transaction(async (tx) => {
          const found = await findQuestionState(tx, { groupId: id, businessId: businessOf(request) });
          if (found === undefined) throw new NotFound('question');
          const { business_id: businessId } = found;
          const { groupIds } = await findCluster(tx, { groupId: id, businessId, state: from });
          await setQuestionState(tx, { groupIds, from, to });
        });
        return reply.code(204).send();
      },
    );
  }
}

function toAnswerRequest({ answer, question, entry, also }: AnswerBody): AnswerRequest {
  if (answer !== undefined && entry === undefined)
    return { answer: answer.trim(), question: question?.trim(), also };
  if (entry !== undefined && answer === undefined && question === undefined) return { entry, also };
  throw new ValidationFailed([
    { field: 'body', message: 'must have either answer, with or without question, or entry' },
  ]);
}

class TooManyEntries extends AppError {
  override code = 'TOO_MANY_ENTRIES';
  override status = 409;

  constructor() {
    super(
      `There are ${MAX_LEARNED_ENTRIES} learned entries, the most that are possible. Delete some that nobody needs.`,
    );
  }
}
