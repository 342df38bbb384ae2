import { setTimeout as sleep } from 'node:timers/promises';
import { comparable, explain, prepareLanguages } from '@prosaas/agentkit/offline';
import {
  MOST_ALSO,
  MOST_LEARNED,
  addLearnedEntry,
  changeLearnedEntry,
  deleteLearnedEntry,
  findLearnedEntry,
  findQuestionState,
  listLearnedEntries,
  lockLearnedEntries,
  resolveQuestions,
} from '@prosaas/database';
import { type App, BusinessFilter, ValidationFailed, businessOf, page, pageQuery } from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import type { AgentProfile } from '../learning/agent-profile.ts';
import {
  type EntryOrder,
  QUESTION_LENGTH,
  entriesOf,
  entryFor,
  fileEntries,
  repeatedEntry,
  requireNew,
  showLearned,
} from '../learning/entries.ts';
import { compareAlike, findAlike, readAlikeQuestions, readExamples } from '../learning/question-groups.ts';
import { whyOf } from '../learning/why.ts';
import { Page } from './page.ts';
import { NullableText, NullableTime, type ResourceContext, Time } from './resource.ts';

const TEXT_LENGTH = 4096;
/** As a text of the profile. */
const ANSWER_LENGTH = 2000;
const MOST_HISTORY = 100;

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

const Entry = Type.Object({
  id: NullableText,
  source: Type.Unsafe<'profile' | 'learned'>({ type: 'string' }),
  business_id: NullableText,
  question: Type.String(),
  answer: NullableText,
  also: Type.Array(Type.String()),
  person_id: NullableText,
  person_name: NullableText,
  created_at: NullableTime,
});
const EntryQuery = Type.Object(
  {
    ...pageQuery.properties,
    business: BusinessFilter,
    source: Type.Optional(Type.Enum(['learned', 'profile'])),
  },
  { additionalProperties: false },
);
const EntryCursor = Type.Tuple([
  Type.Unsafe<'learned' | 'profile'>({ type: 'string', enum: ['learned', 'profile'] }),
  Type.String({ pattern: '^\\d{1,18}$' }),
]);

const Id = Type.Object({ id: Type.String() });
/** On one line, and not blank. */
const QuestionText = Type.String({
  minLength: 1,
  maxLength: QUESTION_LENGTH,
  pattern: '^[^\\u0000-\\u001f\\u007f]*[^\\s\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]*$',
});
const Answer = Type.String({ minLength: 1, maxLength: ANSWER_LENGTH, pattern: '\\S' });
const Also = Type.Array(QuestionText, { maxItems: MOST_ALSO });
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

const Change = Type.Object(
  {
    answer: Type.Optional(Answer),
    question: Type.Optional(QuestionText),
    also: Type.Optional(Also),
  },
  { additionalProperties: false, minProperties: 1 },
);

const TryBody = Type.Object(
  {
    text: Type.String({ minLength: 1, maxLength: TEXT_LENGTH }),
    now: Type.Optional(Type.String({ format: 'date-time', maxLength: 40 })),
    history: Type.Optional(
      Type.Array(
        Type.Object(
          {
            direction: Type.Enum(['inbound', 'outbound']),
            text: Type.String({ maxLength: TEXT_LENGTH }),
          },
          { additionalProperties: false },
        ),
        { maxItems: MOST_HISTORY },
      ),
    ),
  },
  { additionalProperties: false },
);
const Tried = Type.Object({
  answer: Type.Object({
    text: Type.String(),
    source: Type.String(),
    language: Type.Optional(Type.String()),
    handOff: Type.Optional(Type.String()),
    entries: Type.Optional(Type.Array(Type.String())),
    offered: Type.Optional(Type.Array(Type.String())),
  }),
  score: Type.Number(),
  threshold: Type.Number(),
  why: Type.Array(Type.String()),
});

const audited = { audited: true };
/** What another replica learned may count here so much later. */
const READ_WITHIN_MS = 1000;

/** What the agent did not understand, what it learned of it, and what it would answer: docs/agent.md. */
export function agentRoutes(
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
      await readLearned(request);
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
        await resolveQuestions(tx, {
          groupIds: alike.groupIds,
          from: state,
          to: 'answered',
          entryId: made.id,
        });
        return made;
      });
      await readLearned(request);
      return showLearned(entry);
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
          await resolveQuestions(tx, { groupIds, from, to });
        });
        return reply.code(204).send();
      },
    );
  }

  app.get(
    '/api/agent/entries',
    { onRequest: business, schema: { querystring: EntryQuery, response: { 200: Page(Entry) } } },
    async (request) => {
      const { limit, cursor, business: named, source } = request.query;
      const own = businessOf(request, named);
      const after = decodeCursor(EntryCursor, cursor);
      const learned = await listLearnedEntries(db, undefined);
      const mine = learned.filter(({ business_id: of }) => own === undefined || of === own);
      const placed = [
        ...mine.map((row) => ({ entry: showLearned(row), place: Number(row.id) })),
        ...fileEntries(profile.current(), learned).map((entry, place) => ({ entry, place })),
      ];
      const rows = placed.filter(({ entry, place }) => {
        if (source !== undefined && entry.source !== source) return false;
        if (after === undefined) return true;
        const [afterSource, position] = after;
        if (entry.source !== afterSource) return afterSource === 'learned';
        // The latest learned first; those of the profile in its order.
        return entry.source === 'learned' ? place < Number(position) : place > Number(position);
      });
      const found = page(rows.slice(0, limit + 1), limit, ({ entry, place }) =>
        encodeCursor([entry.source, String(place)]),
      );
      return { ...found, items: found.items.map(({ entry }) => entry) };
    },
  );

  app.patch(
    '/api/agent/entries/:id',
    {
      onRequest: business,
      config: audited,
      schema: { params: Id, body: Change, response: { 200: Entry } },
    },
    async (request) => {
      const id = requireEntryId(request.params.id);
      const own = businessOf(request);
      await readLearned(request);
      const { question, answer, also } = request.body;
      const changed = await db.transaction(async (tx) => {
        await lockLearnedEntries(tx);
        const entry = await findLearnedEntry(tx, id, own);
        if (entry === undefined) throw new NotFound('entry');
        if (entry.answer === null && (question !== undefined || answer !== undefined))
          throw new ValidationFailed([
            { field: 'body', message: 'must have also alone: the entry only adds ways to ask another one' },
          ]);
        const learned = await listLearnedEntries(tx, undefined);
        if (question !== undefined && comparable(question) !== comparable(entry.question)) {
          const rest = entriesOf(profile.current(), learned).filter((one) => one.id !== id);
          requireNew(question, rest);
        }
        await changeLearnedEntry(tx, entry, {
          ...(question !== undefined && { question: question.trim() }),
          ...(answer !== undefined && { answer: answer.trim() }),
          ...(also !== undefined && { also }),
        });
        return findLearnedEntry(tx, id, own);
      });
      await readLearned(request);
      return showLearned(changed!);
    },
  );

  app.delete(
    '/api/agent/entries/:id',
    { onRequest: business, config: audited, schema: { params: Id } },
    async (request, reply) => {
      const id = requireEntryId(request.params.id);
      await db.transaction(async (tx) => {
        await lockLearnedEntries(tx);
        const entry = await findLearnedEntry(tx, id, businessOf(request));
        if (entry === undefined) throw new NotFound('entry');
        await deleteLearnedEntry(tx, entry);
      });
      await readLearned(request);
      return reply.code(204).send();
    },
  );

  // By the profile alone, whatever model is configured. Nothing is sent, and nothing is kept.
  app.post(
    '/api/agent/try',
    { onRequest: business, schema: { body: TryBody, response: { 200: Tried } } },
    async (request) => {
      const { text, now, history = [] } = request.body;
      await readLearned(request);
      await prepareLanguages();
      const explanation = explain(profile.current(), {
        text,
        history,
        now: now === undefined ? new Date() : new Date(now),
      });
      const { answer, score, threshold } = explanation;
      const { source, language, handOff, entries, offered } = answer;
      return {
        answer: {
          text: answer.text,
          source,
          ...(language !== undefined && { language }),
          ...(handOff !== undefined && { handOff }),
          ...(entries !== undefined && { entries }),
          ...(offered !== undefined && { offered }),
        },
        score,
        threshold,
        why: whyOf(explanation),
      };
    },
  );

  /** Where the database is away or slow, what is known counts. */
  const readLearned = async (request: FastifyRequest): Promise<void> => {
    const reading = profile
      .readLearned()
      .catch((error: unknown) => request.log.debug({ err: error }, 'what was learned could not be read now'));
    await Promise.race([reading, sleep(READ_WITHIN_MS, undefined, { ref: false })]);
  };
}

function orderOf({ answer, question, entry, also }: AnswerBody): EntryOrder {
  if (answer !== undefined && entry === undefined)
    return { answer: answer.trim(), question: question?.trim(), also };
  if (entry !== undefined && answer === undefined && question === undefined) return { entry, also };
  throw new ValidationFailed([
    { field: 'body', message: 'must have either answer, with or without question, or entry' },
  ]);
}

/** A learned entry's id is a number: anything else is answered with 404. */
function requireEntryId(id: string): string {
  if (!/^\d{1,18}$/.test(id)) throw new NotFound('entry');
  return id;
}

class TooManyEntries extends AppError {
  constructor() {
    super(`There are ${MOST_LEARNED} learned entries: take back some that nobody needs.`, {
      status: 409,
      code: 'TOO_MANY_ENTRIES',
    });
  }
}
