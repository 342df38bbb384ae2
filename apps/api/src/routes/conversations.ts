import {
  type OpenJob,
  findConversation,
  listConversations,
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
import { type WaitState, explainJob } from '../conversation-jobs.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { Message, SeqCursor } from './messages.ts';
import { Page } from './page.ts';
import { NullableText, NullableTime, Position, type ResourceContext, Time, requireUuid } from './resource.ts';

const Conversation = Type.Object({
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
  person_until: NullableTime,
  opted_out_at: NullableTime,
  last_message_at: NullableTime,
  created_at: Time,
});

const HeadJob = Type.Object({
  id: Type.String(),
  queue: Type.String(),
  message_id: NullableText,
  state: Type.Unsafe<WaitState>({ type: 'string' }),
  reason: Type.String(),
  attempts: Type.Integer(),
  /** After this many failed attempts the job goes to the dead letter. */
  most_attempts: Type.Integer(),
  next_try: NullableTime,
  last_error: NullableText,
  /** Jobs that wait behind it. */
  behind: Type.Integer(),
  created_at: Time,
});
const HeadJobs = Type.Object({ items: Type.Array(HeadJob) });

const Query = Type.Object(
  { ...pageQuery.properties, business: BusinessFilter },
  { additionalProperties: false },
);
const Id = Type.Object({ id: Type.String() });

const ConversationCursor = Type.Tuple([
  Type.Union([Type.Null(), Position]),
  Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }),
]);

export function conversationRoutes(
  app: App,
  { db, business, jobs }: ResourceContext & { jobs: JobReader },
): void {
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
  // What the chat waits for: its first inbound job and its first outbound job.
  app.get(
    '/api/conversations/:id/jobs',
    { onRequest: business, schema: { params: Id, response: { 200: HeadJobs } } },
    async (request) => {
      const id = requireUuid(request.params.id, 'conversation');
      if ((await findConversation(db, id, businessOf(request))) === undefined)
        throw new NotFound('conversation');
      const heads = await listHeadJobs(db, id);
      const items = await Promise.all(heads.map(async (job) => showHead(job, await progressOf(jobs, job))));
      return { items };
    },
  );
}

async function progressOf(jobs: JobReader, job: OpenJob): Promise<JobProgress | undefined> {
  if (!job.is_released || !isQueueName(job.queue)) return undefined;
  try {
    return await jobs.getProgress(job.queue, job);
  } catch (error) {
    if (error instanceof QueuesUnavailable) return undefined;
    throw error;
  }
}

function showHead(job: OpenJob, progress: JobProgress | undefined): Static<typeof HeadJob> {
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
