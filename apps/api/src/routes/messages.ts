import { createHash } from 'node:crypto';
import { addJob, findConversation, findMessage, listMessages, recordPersonMessage } from '@prosaas/database';
import { type App, BusinessFilter, businessOf, page, pageQuery } from '@prosaas/http';
import { type Relay, outboundJob, parseTrace } from '@prosaas/queues';
import { AppError } from '@prosaas/runtime';
import { Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { Page } from './page.ts';
import { NullableText, NullableTime, type ResourceContext, Time, requireUuid } from './resource.ts';

export const Message = Type.Object({
  id: Type.String(),
  business_id: Type.String(),
  conversation_id: Type.String(),
  session_id: NullableText,
  direction: Type.String(),
  author: Type.String(),
  person_id: NullableText,
  kind: Type.String(),
  status: Type.String(),
  reason: NullableText,
  text: Type.String(),
  in_reply_to: NullableText,
  error: NullableText,
  created_at: Time,
  sent_at: NullableTime,
  delivered_at: NullableTime,
});

/** `seq` of the page's last message. */
export const SeqCursor = Type.Tuple([Type.String({ pattern: '^\\d{1,18}$' })]);

const Query = Type.Object(
  { ...pageQuery.properties, business: BusinessFilter },
  { additionalProperties: false },
);
const Id = Type.Object({ id: Type.String() });

const NewMessage = Type.Object(
  {
    conversation_id: Type.String({ maxLength: 100 }),
    text: Type.String({ minLength: 1, maxLength: 4096, pattern: '\\S' }),
  },
  { additionalProperties: false },
);
const NewMessageHeaders = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  // One that is malformed is ignored, as its specification asks.
  traceparent: Type.Optional(Type.String()),
});

export function messageRoutes(app: App, { db, business, relay }: ResourceContext & { relay: Relay }): void {
  app.get(
    '/api/messages',
    { onRequest: business, schema: { querystring: Query, response: { 200: Page(Message) } } },
    async (request) => {
      const { limit, cursor, business: named } = request.query;
      const before = decodeCursor(SeqCursor, cursor);
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

  // A person writes to a contact. The worker sends it in the conversation's order; `status` tells how far it is.
  app.post(
    '/api/messages',
    {
      onRequest: business,
      config: { audited: true },
      schema: { body: NewMessage, headers: NewMessageHeaders, response: { 200: Message, 202: Message } },
    },
    async (request, reply) => {
      const { conversation_id: conversationId, text } = request.body;
      const businessId = businessOf(request);
      const conversation = await findConversation(
        db,
        requireUuid(conversationId, 'conversation'),
        businessId,
      );
      if (conversation === undefined) throw new NotFound('conversation');
      if (conversation.channel !== 'whatsapp' || conversation.session_id === null) throw new NotWritable();
      if (conversation.opted_out_at !== null) throw new OptedOut();
      const id = messageId(conversation.id, request.headers['idempotency-key']);
      const traceparent = request.headers.traceparent;
      const trace = parseTrace(traceparent) === undefined ? undefined : traceparent;
      const { message, fresh, released } = await db.transaction(async (tx) => {
        const recorded = await recordPersonMessage(tx, {
          id,
          conversationId: conversation.id,
          businessId: conversation.business_id,
          text,
          author: 'person',
        });
        if (recorded.message.text !== text) throw new IdempotencyKeyReused();
        const job = recorded.fresh ? await addJob(tx, outboundJob(recorded.message, trace)) : undefined;
        return { ...recorded, released: job };
      });
      relay.enqueue([released]);
      request.auditTarget = message.id;
      return reply.code(fresh ? 202 : 200).send(message);
    },
  );
}

/** The same key in the same conversation is the same message, for ever: its id follows from both. */
function messageId(conversationId: string, key: string | undefined): string {
  if (key === undefined) return crypto.randomUUID();
  const digest = createHash('sha256').update(`${conversationId}\n${key}`).digest();
  // RFC 9562, version 8: an id by a rule of our own.
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

class NotWritable extends AppError {
  constructor() {
    super('Nothing can be written into this conversation: it has no WhatsApp session.', {
      status: 409,
      code: 'CONVERSATION_NOT_WRITABLE',
    });
  }
}

class OptedOut extends AppError {
  constructor() {
    super('The contact asked for no more messages.', { status: 409, code: 'CONTACT_OPTED_OUT' });
  }
}

class IdempotencyKeyReused extends AppError {
  constructor() {
    super('This Idempotency-Key was used in this conversation with another text.', {
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  }
}
