import { type ConversationEvent, type EventSource, applyEvent, isHeldByOther } from '@prosaas/conversations';
import {
  type ConversationRow,
  type ConversationSummary,
  findConversation,
  findPerson,
  listConversationEvents,
  lockConversation,
  markConversationRead,
} from '@prosaas/database';
import { type App, type Principal, businessOf, page, pageQuery } from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { Conversation } from './conversations.ts';
import { SeqCursor } from './messages.ts';
import { Page } from './page.ts';
import { NullableText, type ResourceContext, Time, requireUuid } from './resource.ts';

const Id = Type.Object({ id: Type.String() });
const Assignment = Type.Object(
  { person_id: Type.String({ maxLength: 100 }) },
  { additionalProperties: false },
);
const OptIn = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 500, pattern: '\\S' }) },
  { additionalProperties: false },
);
const Event = Type.Object({
  id: Type.String(),
  at: Time,
  event: Type.String(),
  from_state: Type.String(),
  to_state: Type.String(),
  reason: NullableText,
  actor: Type.String(),
  person_id: NullableText,
  person_name: NullableText,
  message_id: NullableText,
});

const plainActions = {
  'take-over': 'taken_over',
  'give-back': 'given_back',
  close: 'closed',
  reopen: 'reopened',
} as const;

/** What people do to a conversation, and what was done to it. */
export function conversationActionRoutes(app: App, { db, business }: ResourceContext): void {
  type Asked = FastifyRequest<{ Params: { id: string } }>;

  const conversationOf = async (request: Asked): Promise<ConversationSummary> => {
    const id = requireUuid(request.params.id, 'conversation');
    const conversation = await findConversation(db, id, businessOf(request));
    if (conversation === undefined) throw new NotFound('conversation');
    return conversation;
  };

  const act = async (
    request: Asked,
    { id }: ConversationSummary,
    event: ConversationEvent,
    source: Partial<EventSource> = {},
  ): Promise<ConversationSummary> => {
    const { principal } = request;
    const personId = principal?.person?.id;
    await db.transaction(async (tx) => {
      const now = await lockConversation(tx, id);
      if (now && isRefused(now, event, principal)) {
        const holder = await findConversation(tx, id, undefined);
        throw new ConversationTaken(
          holder?.person_name ?? 'Somebody whose key names no person, or at the phone of the account,',
        );
      }
      await applyEvent(tx, id, event, { actor: 'person', personId, ...source });
    });
    return conversationOf(request);
  };

  const schema = { params: Id, response: { 200: Conversation } };
  const audited = { audited: true };

  for (const [path, type] of Object.entries(plainActions)) {
    app.post(
      `/api/conversations/:id/${path}`,
      { onRequest: business, config: audited, schema },
      async (request) => act(request, await conversationOf(request), { type }),
    );
  }

  app.post(
    '/api/conversations/:id/assign',
    { onRequest: business, config: audited, schema: { ...schema, body: Assignment } },
    async (request) => {
      const conversation = await conversationOf(request);
      const { person_id } = request.body;
      const person = await findPerson(db, requireUuid(person_id, 'person'), {
        businessId: conversation.business_id,
        withAdmins: true,
      });
      if (person === undefined || person.revoked_at !== null) throw new NotFound('person');
      const by = request.principal?.person;
      const note = by === undefined || by.id === person.id ? undefined : `by ${by.name}`;
      return act(request, conversation, { type: 'assigned' }, { personId: person.id, note });
    },
  );

  app.post(
    '/api/conversations/:id/opt-in',
    { onRequest: business, config: audited, schema: { ...schema, body: OptIn } },
    async (request) => {
      const conversation = await conversationOf(request);
      if (conversation.opted_out_at === null) return conversation;
      return act(request, conversation, { type: 'opted_in' }, { note: request.body.reason });
    },
  );

  app.post('/api/conversations/:id/read', { onRequest: business, schema }, async (request) => {
    const conversation = await conversationOf(request);
    await markConversationRead(db, conversation.id);
    return conversationOf(request);
  });

  app.get(
    '/api/conversations/:id/events',
    { onRequest: business, schema: { params: Id, querystring: pageQuery, response: { 200: Page(Event) } } },
    async (request) => {
      const { limit, cursor } = request.query;
      const before = decodeCursor(SeqCursor, cursor)?.[0];
      const { id: conversationId } = await conversationOf(request);
      const rows = await listConversationEvents(db, { conversationId, before, limit: limit + 1 });
      return page(rows, limit, (row) => encodeCursor([row.id]));
    },
  );
}

/** What another person has is not taken over, nor, by staff, given back. Keys that are nobody's own may do both. */
function isRefused(
  conversation: ConversationRow,
  { type }: ConversationEvent,
  principal: Principal | undefined,
): boolean {
  const person = principal?.person;
  const isGuarded = type === 'taken_over' || (type === 'given_back' && person?.role === 'staff');
  return isGuarded && person !== undefined && isHeldByOther(conversation, person);
}

class ConversationTaken extends AppError {
  constructor(name: string) {
    super(`${name} answers this conversation. Assign it to take it from them.`, {
      status: 409,
      code: 'CONVERSATION_TAKEN',
    });
  }
}
