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
import { type EntryOrder, entriesOf, entryFor, repeatedEntry, showLearned } from '../learning/entries.ts';
import { compareAlike, findAlike, readAlikeQuestions, readExamples } from '../learning/question-groups.ts';
import { Also, Answer, Entry, Id, QuestionText } from './agent-schemas.ts';
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
    also: Type.Optional(Also),
  },
  { additionalProperties: false },
);
type AnswerBody = Static<typeof AnswerBody>;

const audited = { audited: true };

/** What the agent did not understand, in groups of likeness, and what is made of it: docs/agent.md. */
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
      const all = await readAlikeQuestions(db, { businessId: businessOf(request, named), state });
      const left =
        after === undefined
          ? all
          : all.filter(
              (one) => compareAlike(one, { count: after[0], last_at: new Date(after[1]), id: after[2] }) > 0,
            );
      const { items, next_cursor } = page(left.slice(0, limit + 1), limit, ({ count, last_at, id }) =>
        encodeCursor([count, last_at.getTime(), id]),
      );
      const examples = await readExamples(db, items, state);
      return {
        items: items.map((one) => {
          const asked = examples.get(one.id) ?? [];
          return { ...one, question: asked[0]?.text ?? '', examples: asked };
        }),
        next_cursor,
      };
    },
  );

  // A repeat answers with what is there.
  app.post(
    '/api/agent/unanswered/:id/answer',
    {
      onRequest: business,
      config: audited,
      schema: { params: Id, body: AnswerBody, response: { 200: Entry } },
    },
    async (request) => {
      const { id } = request.params;
      const order = orderOf(request.body);
      // What another replica learned counts when it is judged whether an entry is new.
      await readLearned(profile, request.log);
      const entry = await db.transaction(async (tx) => {
        await lockLearnedEntries(tx);
        const found = await findQuestionState(tx, { groupId: id, businessId: businessOf(request) });
        if (found === undefined) throw new NotFound('question');
        const learned = await listLearnedEntries(tx, undefined);
        if (found.state === 'answered') return repeatedEntry(learned, found.entry_id, order);
        const { state, business_id: businessId } = found;
        const alike = await findAlike(tx, { groupId: id, businessId, state });
        const asked = (await readExamples(tx, [alike], state)).get(alike.id) ?? [];
        const texts = asked.map(({ text }) => text);
        const wanted = entryFor({ order, texts, entries: entriesOf(profile.current(), learned) });
        const personId = request.principal?.person?.id;
        const made = await addLearnedEntry(tx, { businessId, personId, ...wanted });
        if (made === undefined) throw new TooManyEntries();
        await setQuestionState(tx, {
          groupIds: alike.groupIds,
          from: state,
          to: 'answered',
          entryId: made.id,
        });
        return made;
      });
      await readLearned(profile, request.log);
      return showLearned(entry, profile.current());
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
          const { groupIds } = await findAlike(tx, { groupId: id, businessId, state: from });
          await setQuestionState(tx, { groupIds, from, to });
        });
        return reply.code(204).send();
      },
    );
  }
}

function orderOf({ answer, question, entry, also }: AnswerBody): EntryOrder {
  if (answer !== undefined && entry === undefined)
    return { answer: answer.trim(), question: question?.trim(), also };
  if (entry !== undefined && answer === undefined && question === undefined) return { entry, also };
  throw new ValidationFailed([
    { field: 'body', message: 'must have either answer, with or without question, or entry' },
  ]);
}

class TooManyEntries extends AppError {
  constructor() {
    super(`There are ${MAX_LEARNED_ENTRIES} learned entries: take back some that nobody needs.`, {
      status: 409,
      code: 'TOO_MANY_ENTRIES',
    });
  }
}
