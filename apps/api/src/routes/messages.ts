import { ContactOptedOut, applyEvent } from '@prosaas/conversations';
import {
  type ConversationRow,
  addJob,
  findConversation,
  findMessage,
  listMessages,
  lockConversation,
  messageIdForKey,
  recordPersonMessage,
} from '@prosaas/database';
import { type App, BusinessFilter, businessOf, page, pageQuery } from '@prosaas/http';
import { type Relay, outboundJob, parseTrace } from '@prosaas/queues';
import { AppError } from '@prosaas/runtime';
import { type Static, Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { Page, SequenceCursor } from './page.ts';
import { NullableText, NullableTime, type ResourceContext, Time, requireUuid } from './resource.ts';

export const Message = Type.Object({
  id: Type.String(),
  business_id: Type.String(),
  conversation_id: Type.String(),
  session_id: NullableText,
  direction: Type.String(),
  author: Type.String(),
  person_id: NullableText,
  person_name: NullableText,
  kind: Type.String(),
  status: Type.String(),
  reason: NullableText,
  text: Type.String(),
  in_reply_to: NullableText,
  match: Type.Union([
    Type.Object({
      source: Type.String(),
      question: Type.Optional(Type.String()),
      reason: Type.Optional(Type.String()),
    }),
    Type.Null(),
  ]),
  error: NullableText,
  created_at: Time,
  sent_at: NullableTime,
  delivered_at: NullableTime,
  read_at: NullableTime,
});

const Query = Type.Object(
  { ...pageQuery.properties, business: BusinessFilter },
  { additionalProperties: false },
);
const Id = Type.Object({ id: Type.String() });

const Author = Type.Union([Type.Literal('person'), Type.Literal('program')]);
type Author = Static<typeof Author>;

const NewMessage = Type.Object(
  {
    conversation_id: Type.String({ maxLength: 100 }),
    text: Type.String({ minLength: 1, maxLength: 4096, pattern: '\\S' }),
    as: Type.Optional(Author),
  },
  { additionalProperties: false },
);
const NewMessageHeaders = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  // Any text: W3C Trace Context requires that a malformed value is ignored.
  traceparent: Type.Optional(Type.String()),
});

export function messageRoutes(app: App, { db, business, relay }: ResourceContext & { relay: Relay }): void {
  app.get(
    '/api/messages',
    { onRequest: business, schema: { querystring: Query, response: { 200: Page(Message) } } },
    async (request) => {
      const { limit, cursor, business: named } = request.query;
      const before = decodeCursor(SequenceCursor, cursor);
      const rows = await listMessages(db, {
        businessId: businessOf(request, named),
        before: before?.[0],
        limit: limit + 1,
      });
      return page(rows, limit, (row) => encodeCursor([row.seq]));
    },
  );

  app.get(
    '/api/messages/:id',
    { onRequest: business, schema: { params: Id, response: { 200: Message } } },
    async (request) => {
      const message = await findMessage(db, requireUuid(request.params.id, 'message'), businessOf(request));
      if (message === undefined) throw new NotFound('message');
      return message;
    },
  );

  // Writes to a contact as a person, who takes over the conversation, or as a program. The worker sends the message in the conversation's
  // order; `status` shows its progress.
  app.post(
    '/api/messages',
    {
      onRequest: business,
      config: { audited: true },
      schema: { body: NewMessage, headers: NewMessageHeaders, response: { 200: Message, 202: Message } },
    },
    async (request, reply) => {
      const { conversation_id: conversationId, text, as: author = 'person' } = request.body;
      const businessId = businessOf(request);
      const conversation = await findConversation(
        db,
        requireUuid(conversationId, 'conversation'),
        businessId,
      );
      if (conversation === undefined) throw new NotFound('conversation');
      if (conversation.channel !== 'whatsapp' || conversation.session_id === null) throw new NotWritable();
      const key = request.headers['idempotency-key'];
      const id = key === undefined ? crypto.randomUUID() : messageIdForKey(conversation.id, key);
      const traceparent = request.headers.traceparent;
      const trace = parseTrace(traceparent) === undefined ? undefined : traceparent;
      const personId = author === 'person' ? request.principal?.person?.id : undefined;
      const { message, fresh, released } = await db.transaction(async (tx) => {
        const locked = await lockConversation(tx, conversation.id);
        if (locked === undefined) throw new NotFound('conversation');
        const recorded = await recordPersonMessage(tx, {
          id,
          conversationId: locked.id,
          businessId: locked.business_id,
          text,
          author,
          personId,
        });
        if (recorded.message.text !== text) throw new IdempotencyKeyReused();
        if (!recorded.fresh) return { ...recorded, released: undefined };
        if (!isAllowedToWrite(locked, author)) throw new ContactOptedOut(locked.id);
        if (author === 'person') {
          const source = { actor: 'person', personId, messageId: id } as const;
          await applyEvent(tx, locked.id, { type: 'person_wrote' }, source);
        }
        return { ...recorded, released: await addJob(tx, outboundJob(recorded.message, trace)) };
      });
      relay.enqueue([released]);
      request.auditTarget = message.id;
      return reply.code(fresh ? 202 : 200).send(message);
    },
  );
}

class NotWritable extends AppError {
  override code = 'CONVERSATION_NOT_WRITABLE';
  override status = 409;

  constructor() {
    super('This conversation has no WhatsApp session, so no message can be sent in it.');
  }
}

/** After an opt-out programs must not write, and people not before the customer writes again. */
const isAllowedToWrite = (
  { opted_out_at: optedOutAt, last_inbound_at: lastInboundAt }: ConversationRow,
  author: Author,
): boolean =>
  optedOutAt === null || (author === 'person' && lastInboundAt !== null && lastInboundAt > optedOutAt);

class IdempotencyKeyReused extends AppError {
  override code = 'IDEMPOTENCY_KEY_REUSED';
  override status = 422;

  constructor() {
    super('This Idempotency-Key was used in this conversation with another text.');
  }
}
