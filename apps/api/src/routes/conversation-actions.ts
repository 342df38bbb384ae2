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
import { Page, SequenceCursor } from './page.ts';
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

const actionsWithoutBody = {
  'take-over': 'taken_over',
  'give-back': 'given_back',
  close: 'closed',
  reopen: 'reopened',
} as const;

/** Actions of people on a conversation, and the history of its events. */
export function conversationActionRoutes(app: App, { db, business }: ResourceContext): void {
  type ConversationRequest = FastifyRequest<{ Params: { id: string } }>;

  const findRequested = async (request: ConversationRequest): Promise<ConversationSummary> => {
    const id = requireUuid(request.params.id, 'conversation');
    const conversation = await findConversation(db, id, businessOf(request));
    if (conversation === undefined) throw new NotFound('conversation');
    return conversation;
  };

  const act = async (
    request: ConversationRequest,
    { id }: ConversationSummary,
    event: ConversationEvent,
    source: Partial<EventSource> = {},
  ): Promise<ConversationSummary> => {
    const { principal } = request;
    const personId = principal?.person?.id;
    await db.transaction(async (tx) => {
      const locked = await lockConversation(tx, id);
      if (locked && isRefused(locked, event, principal)) {
        const holder = await findConversation(tx, id, undefined);
        throw new ConversationTaken(
          holder?.person_name ?? 'Somebody whose key names no person, or at the phone of the account,',
        );
      }
      await applyEvent(tx, id, event, { actor: 'person', personId, ...source });
    });
    return findRequested(request);
  };

  const schema = { params: Id, response: { 200: Conversation } };
  const audited = { audited: true };

  for (const [path, type] of Object.entries(actionsWithoutBody)) {
    app.post(
      `/api/conversations/:id/${path}`,
      { onRequest: business, config: audited, schema },
      async (request) => act(request, await findRequested(request), { type }),
    );
  }

  app.post(
    '/api/conversations/:id/assign',
    { onRequest: business, config: audited, schema: { ...schema, body: Assignment } },
    async (request) => {
      const conversation = await findRequested(request);
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
      const conversation = await findRequested(request);
      if (conversation.opted_out_at === null) return conversation;
      return act(request, conversation, { type: 'opted_in' }, { note: request.body.reason });
    },
  );

  app.post('/api/conversations/:id/read', { onRequest: business, schema }, async (request) => {
    const conversation = await findRequested(request);
    await markConversationRead(db, conversation.id);
    return findRequested(request);
  });

  app.get(
    '/api/conversations/:id/events',
    { onRequest: business, schema: { params: Id, querystring: pageQuery, response: { 200: Page(Event) } } },
    async (request) => {
      const { limit, cursor } = request.query;
      const before = decodeCursor(SequenceCursor, cursor)?.[0];
      const { id: conversationId } = await findRequested(request);
      const rows = await listConversationEvents(db, { conversationId, before, limit: limit + 1 });
      return page(rows, limit, (row) => encodeCursor([row.id]));
    },
  );
}

/**
 * A conversation that another person holds cannot be taken over, and staff cannot give it back. Keys that belong to no person may do both.
 */
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
  override code = 'CONVERSATION_TAKEN';
  override status = 409;

  constructor(name: string) {
    super(`${name} answers this conversation. Assign it to take it from them.`);
  }
}
