import { comparable } from '@prosaas/agentkit/offline';
import {
  changeLearnedEntry,
  deleteLearnedEntry,
  findLearnedEntry,
  listLearnedEntries,
  lockLearnedEntries,
} from '@prosaas/database';
import { type App, BusinessFilter, ValidationFailed, businessOf, page, pageQuery } from '@prosaas/http';
import { Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { type AgentProfile, readLearned } from '../learning/agent-profile.ts';
import {
  answerableEntries,
  profileEntries,
  requireNewQuestion,
  viewLearnedEntry,
} from '../learning/entries.ts';
import { Answer, Entry, Id, Phrasings, QuestionText } from './agent-schemas.ts';
import { Page } from './page.ts';
import type { ResourceContext } from './resource.ts';

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

const Change = Type.Object(
  {
    answer: Type.Optional(Answer),
    question: Type.Optional(QuestionText),
    also: Type.Optional(Phrasings),
  },
  { additionalProperties: false, minProperties: 1 },
);

const audited = { audited: true };

/** The entries that the agent answers from: learned ones and those of the profile. */
export function agentEntriesRoutes(
  app: App,
  { db, business, profile }: ResourceContext & { profile: AgentProfile },
): void {
  app.get(
    '/api/agent/entries',
    { onRequest: business, schema: { querystring: EntryQuery, response: { 200: Page(Entry) } } },
    async (request) => {
      const { limit, cursor, business: named, source } = request.query;
      const own = businessOf(request, named);
      const after = decodeCursor(EntryCursor, cursor);
      const learned = await listLearnedEntries(db, undefined);
      const visible = learned.filter((row) => own === undefined || row.business_id === own);
      const positioned = [
        ...visible.map((row) => ({
          entry: viewLearnedEntry(row, profile.current()),
          position: Number(row.id),
        })),
        ...profileEntries(profile.current(), learned).map((entry, position) => ({ entry, position })),
      ];
      const rows = positioned.filter(({ entry, position }) => {
        if (source !== undefined && entry.source !== source) return false;
        if (after === undefined) return true;
        const [afterSource, afterPosition] = after;
        if (entry.source !== afterSource) return afterSource === 'learned';
        // Learned entries are sorted latest first, entries of the profile as in its file.
        return entry.source === 'learned'
          ? position < Number(afterPosition)
          : position > Number(afterPosition);
      });
      const found = page(rows.slice(0, limit + 1), limit, ({ entry, position }) =>
        encodeCursor([entry.source, String(position)]),
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
      await readLearned(profile, request.log);
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
          const others = answerableEntries(profile.current(), learned).filter((one) => one.id !== id);
          requireNewQuestion(question, others);
        }
        await changeLearnedEntry(tx, entry, {
          ...(question !== undefined && { question: question.trim() }),
          ...(answer !== undefined && { answer: answer.trim() }),
          ...(also !== undefined && { also }),
        });
        return findLearnedEntry(tx, id, own);
      });
      await readLearned(profile, request.log);
      return viewLearnedEntry(changed!, profile.current());
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
      await readLearned(profile, request.log);
      return reply.code(204).send();
    },
  );
}

/** Ids of learned entries are numbers: anything else is a 404. */
function requireEntryId(id: string): string {
  if (!/^\d{1,18}$/.test(id)) throw new NotFound('entry');
  return id;
}
