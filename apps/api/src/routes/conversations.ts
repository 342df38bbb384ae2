import { findConversation, listConversations, listMessages } from '@prosaas/database';
import { type App, page, pageQuery } from '@prosaas/http';
import { Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { Message, SeqCursor } from './messages.ts';
import { Page } from './page.ts';
import {
  BusinessFilter,
  NullableText,
  NullableTime,
  Position,
  type ResourceContext,
  Time,
  businessOf,
  requireUuid,
} from './resource.ts';

const Conversation = Type.Object({
  id: Type.String(),
  business_id: Type.String(),
  channel: Type.String(),
  session_id: NullableText,
  contact: Type.String(),
  contact_name: NullableText,
  handed_off_at: NullableTime,
  opted_out_at: NullableTime,
  last_message_at: NullableTime,
  created_at: Time,
});

const Query = Type.Object(
  { ...pageQuery.properties, business: BusinessFilter },
  { additionalProperties: false },
);
const Id = Type.Object({ id: Type.String() });

const ConversationCursor = Type.Tuple([
  Type.Union([Type.Null(), Position]),
  Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }),
]);

export function conversationRoutes(app: App, { db, business }: ResourceContext): void {
  app.get(
    '/api/conversations',
    { onRequest: business, schema: { querystring: Query, response: { 200: Page(Conversation) } } },
    async (request) => {
      const { limit, cursor, business: named } = request.query;
      const after = decodeCursor(ConversationCursor, cursor);
      const rows = await listConversations(db, {
        businessId: businessOf(request, named),
        after: after && { position: after[0], id: after[1] },
        limit: limit + 1,
      });
      return page(rows, limit, (row) => encodeCursor([row.position, row.id]));
    },
  );

  app.get(
    '/api/conversations/:id',
    { onRequest: business, schema: { params: Id, response: { 200: Conversation } } },
    async (request) => {
      const id = requireUuid(request.params.id, 'conversation');
      const conversation = await findConversation(db, id, businessOf(request));
      if (conversation === undefined) throw new NotFound('conversation');
      return conversation;
    },
  );

  app.get(
    '/api/conversations/:id/messages',
    { onRequest: business, schema: { params: Id, querystring: pageQuery, response: { 200: Page(Message) } } },
    async (request) => {
      const { limit, cursor } = request.query;
      const before = decodeCursor(SeqCursor, cursor);
      const id = requireUuid(request.params.id, 'conversation');
      const businessId = businessOf(request);
      if ((await findConversation(db, id, businessId)) === undefined) throw new NotFound('conversation');
      const rows = await listMessages(db, { conversationId: id, before: before?.[0], limit: limit + 1 });
      return page(rows, limit, (row) => encodeCursor([row.seq]));
    },
  );
}
