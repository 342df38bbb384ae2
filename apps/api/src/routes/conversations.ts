import {
  type ConversationState,
  type OpenJob,
  conversationStates,
  countConversations,
  findConversation,
  listConversations,
  listConversationsByNeed,
  listHeadJobs,
  listMessages,
} from '@prosaas/database';
import { type App, BusinessFilter, businessOf, page, pageQuery } from '@prosaas/http';
import {
  type JobProgress,
  type JobReader,
  QueuesUnavailable,
  isQueueName,
  queueTable,
} from '@prosaas/queues';
import { type Static, Type } from 'typebox';
import { type HeadJobState, explainJob } from '../conversation-jobs.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { digitsOf } from '../phone-digits.ts';
import { Message } from './messages.ts';
import { Page, SequenceCursor } from './page.ts';
import { NullableText, NullableTime, Position, type ResourceContext, Time, requireUuid } from './resource.ts';

export const Conversation = Type.Object({
  id: Type.String(),
  business_id: Type.String(),
  channel: Type.String(),
  session_id: NullableText,
  contact: Type.String(),
  contact_name: NullableText,
  state: Type.String(),
  state_since: Time,
  state_reason: NullableText,
  person_id: NullableText,
  person_name: NullableText,
  person_until: NullableTime,
  unread: Type.Boolean(),
  opted_out_at: NullableTime,
  last_message_at: NullableTime,
  last_message: Type.Union([
    Type.Object({ author: Type.String(), status: Type.String(), text: Type.String() }),
    Type.Null(),
  ]),
  last_inbound_at: NullableTime,
  created_at: Time,
});

const HeadJob = Type.Object({
  id: Type.String(),
  queue: Type.String(),
  message_id: NullableText,
  state: Type.Unsafe<HeadJobState>({ type: 'string' }),
  reason: Type.String(),
  attempts: Type.Integer(),
  /** After this many failed attempts the job goes to the dead letter. */
  most_attempts: Type.Integer(),
  next_try: NullableTime,
  last_error: NullableText,
  /** Number of jobs that wait for this one. */
  behind: Type.Integer(),
  created_at: Time,
});
const HeadJobs = Type.Object({ items: Type.Array(HeadJob) });

const time = Type.String({ maxLength: 40, format: 'date-time' });
const Query = Type.Object(
  {
    ...pageQuery.properties,
    business: BusinessFilter,
    state: Type.Optional(
      Type.String({
        pattern: `^(${conversationStates.join('|')})(,(${conversationStates.join('|')}))*$`,
        maxLength: 40,
        description: 'One or several: waiting,person',
      }),
    ),
    unread: Type.Optional(Type.Boolean()),
    channel: Type.Optional(Type.Enum(['whatsapp', 'phone'])),
    session: Type.Optional(Type.String({ maxLength: 63, pattern: '^[A-Za-z0-9_-]+$' })),
    person: Type.Optional(Type.String({ maxLength: 36, format: 'uuid', description: 'Who answers' })),
    contact: Type.Optional(
      Type.String({ maxLength: 100, description: 'A phone number, or an address of WhatsApp' }),
    ),
    sort: Type.Optional(
      Type.Enum(['newest', 'waiting'], {
        description: 'newest: by the last message. waiting: first what waits for a person, the longest first',
      }),
    ),
    staff: Type.Optional(Type.Boolean({ description: "With those of the business' own people" })),
    after: Type.Optional(Type.Unsafe<string>({ ...time, description: 'The last message is not older' })),
    before: Type.Optional(Type.Unsafe<string>({ ...time, description: 'The last message is older' })),
    text: Type.Optional(
      Type.String({
        minLength: 2,
        maxLength: 100,
        pattern: '^[^\\u0000]+$',
        description: "In the contact's name or number, or in a message",
      }),
    ),
  },
  { additionalProperties: false },
);
const Id = Type.Object({ id: Type.String() });

const Uuid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });
const ConversationCursor = Type.Tuple([Type.Union([Type.Null(), Position]), Uuid]);
const WaitingCursor = Type.Tuple([
  Type.Integer({ minimum: 0, maximum: 2 }),
  Type.Union([Type.Null(), Position]),
  Uuid,
]);

const Counts = Type.Object({
  waiting: Type.Integer(),
  waiting_since: NullableTime,
  person: Type.Integer(),
  mine: Type.Integer(),
});
const CountsQuery = Type.Object({ business: BusinessFilter }, { additionalProperties: false });

export function conversationRoutes(
  app: App,
  { db, business, jobs }: ResourceContext & { jobs: JobReader },
): void {
  app.get(
    '/api/conversations',
    { onRequest: business, schema: { querystring: Query, response: { 200: Page(Conversation) } } },
    async (request) => {
      const { limit, cursor, business: named, state, contact, after, before, ...others } = request.query;
      const { unread, channel, session: sessionId, person: personId, text, staff, sort } = others;
      const filter = {
        businessId: businessOf(request, named),
        states: state?.split(',') as ConversationState[] | undefined,
        unread,
        channel,
        sessionId,
        personId,
        contacts: contact === undefined ? undefined : whatsappAddressesOf(contact),
        after: after === undefined ? undefined : new Date(after),
        before: before === undefined ? undefined : new Date(before),
        text,
        staff,
      };
      if (sort === 'waiting') {
        const last = decodeCursor(WaitingCursor, cursor);
        const rows = await listConversationsByNeed(db, {
          filter,
          position: last && { group: last[0], position: last[1], id: last[2] },
          limit: limit + 1,
        });
        return page(rows, limit, ({ group, position, id }) => encodeCursor([group, position, id]));
      }
      const last = decodeCursor(ConversationCursor, cursor);
      const rows = await listConversations(db, {
        filter,
        position: last && { position: last[0], id: last[1] },
        limit: limit + 1,
      });
      return page(rows, limit, (row) => encodeCursor([row.position, row.id]));
    },
  );

  app.get(
    '/api/conversations/counts',
    { onRequest: business, schema: { querystring: CountsQuery, response: { 200: Counts } } },
    async (request) =>
      countConversations(db, {
        businessId: businessOf(request, request.query.business),
        personId: request.principal?.person?.id,
      }),
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
      const before = decodeCursor(SequenceCursor, cursor);
      const id = requireUuid(request.params.id, 'conversation');
      const businessId = businessOf(request);
      if ((await findConversation(db, id, businessId)) === undefined) throw new NotFound('conversation');
      const rows = await listMessages(db, { conversationId: id, before: before?.[0], limit: limit + 1 });
      return page(rows, limit, (row) => encodeCursor([row.seq]));
    },
  );

  // The jobs that block the chat: its first inbound and its first outbound one.
  app.get(
    '/api/conversations/:id/jobs',
    { onRequest: business, schema: { params: Id, response: { 200: HeadJobs } } },
    async (request) => {
      const id = requireUuid(request.params.id, 'conversation');
      if ((await findConversation(db, id, businessOf(request))) === undefined)
        throw new NotFound('conversation');
      const heads = await listHeadJobs(db, id);
      const items = await Promise.all(
        heads.map(async (job) => showHeadJob(job, await readProgress(jobs, job))),
      );
      return { items };
    },
  );
}

/** The addresses of a contact that is given by phone number, in any notation, or by address. */
function whatsappAddressesOf(contact: string): string[] {
  if (contact.includes('@')) return [contact.replace(/@c\.us$/, '@s.whatsapp.net')];
  return [`${digitsOf(contact, 'querystring.contact')}@s.whatsapp.net`];
}

async function readProgress(jobs: JobReader, job: OpenJob): Promise<JobProgress | undefined> {
  if (!job.is_released || !isQueueName(job.queue)) return undefined;
  try {
    return await jobs.getProgress(job.queue, job);
  } catch (error) {
    if (error instanceof QueuesUnavailable) return undefined;
    throw error;
  }
}

function showHeadJob(job: OpenJob, progress: JobProgress | undefined): Static<typeof HeadJob> {
  const { id, queue, message_id, attempts, last_failure: failure, jobs, created_at } = job;
  const { state, reason, nextTry } = explainJob(job, progress);
  return {
    id,
    queue,
    message_id,
    state,
    reason,
    attempts,
    most_attempts: isQueueName(queue) ? queueTable[queue].attempts : attempts,
    next_try: nextTry,
    last_error: failure?.error ?? null,
    behind: Math.max(0, jobs - 1),
    created_at,
  };
}
