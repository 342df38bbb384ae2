import { questionKey } from '@prosaas/agentkit';
import { applyEvent, isHandOver } from '@prosaas/conversations';
import {
  addConversationEvent,
  closeMessage,
  setNotUnderstoodCount,
  findAnsweredNotice,
  hasRecentAnswers,
  insertReply,
  hasPersonAnsweredSince,
  listHistory,
  lockConversation,
  recordUnanswered,
  type JobMessage,
  type JobRow,
  type Queryable,
} from '@prosaas/database';
import { outboundJob } from '@prosaas/queues';
import { type JobDependencies, type JobHandler, MessageFailed } from '../job.ts';
import { decideReply, type ReplyDecision } from '../reply-decision.ts';
import { answerStaff, isSelfChat, readStaffAnswer } from '../staff-answers.ts';
import { RetryNow } from '../verdict.ts';

/** Without a word of the profile's. */
const LATE_HOURS = 12;
/** Older than this when it is stored, a message comes from an outage. */
const LATE_SECONDS = 60;
/** Enough that the agent does not repeat itself in a long conversation. */
const HISTORY = 100;
/** More than an answer of the agent is long, so that it knows its own words again. */
const HISTORY_TEXT_LENGTH = 4096;

/** Lets the agent answer a message: it has at most one reply, written with the end of its job. */
export function createHandler({
  db,
  agent,
  rules,
  profile,
  limits,
}: JobDependencies): JobHandler<'inbound-messages'> {
  const think = async (row: JobRow, message: JobMessage, signal: AbortSignal): Promise<ReplyDecision> => {
    const now = new Date(row.read_ms);
    const { conversation, conversation_id: conversationId, seq } = message;
    const isLoop = limits.count > 0 && (await hasRecentAnswers(db, conversationId, limits));
    const history = await listHistory(db, {
      conversationId,
      beforeSeq: seq,
      limit: HISTORY,
      textLimit: HISTORY_TEXT_LENGTH,
    });
    const current = profile();
    const isLate = message.late_seconds > (current.late?.hours ?? LATE_HOURS) * 3600;
    const isReplay = row.replays > 0;
    const input = { message, conversation, isLate, isReplay, isLoop, history, now, signal };
    return decideReply({ agent, rules, profile: current }, input);
  };

  return async ({ row, signal, close, handedOver }) => {
    const { message } = row;
    if (message?.status === 'failed') throw new MessageFailed(message.error ?? 'failed');
    // Answered by a person meanwhile, or by a worker of the release before.
    if (message?.status !== 'received') return close();
    const trace = row.trace ?? undefined;
    const { staff_id: personId } = message;
    if (personId !== null) {
      const action = readStaffAnswer(message);
      const notice = await findAnsweredNotice(db, {
        messageId: message.id,
        personId,
        prefersWaiting: action === 'take',
        isBare: action !== undefined,
      });
      if (notice) return close((tx) => answerStaff(tx, { message, personId, notice, action, trace }));
      if (isSelfChat(message))
        return close(async (tx) => {
          await closeMessage(tx, message.id, { status: 'ignored', reason: 'self_chat' });
        });
    }
    // Outside any transaction: it may take as long as a model does.
    const decision = await think(row, message, signal);
    await close(async (tx) => {
      const locked = await lockConversation(tx, message.conversation_id);
      if (!locked) return;
      // From an outage, or replayed: a person may have written since.
      if (
        (message.late_seconds > LATE_SECONDS || row.replays > 0) &&
        (await hasPersonAnsweredSince(tx, message.id))
      )
        return void (await closeMessage(tx, message.id, { status: 'answered' }));
      if (isOther(locked, message.conversation)) {
        if (locked.state !== 'person' || !isAnswer(decision))
          throw new RetryNow('the conversation changed hands meanwhile');
        await closeMessage(tx, message.id, { status: 'waiting_for_person' });
        return logDropped(tx, message);
      }
      if (!(await closeMessage(tx, message.id, decision.end))) return;
      const { event, notUnderstood, missed, reply: text, match } = decision;
      if (missed) await keepMissed(tx, message, missed);
      if (notUnderstood !== undefined) await setNotUnderstoodCount(tx, locked.id, notUnderstood);
      if (event !== undefined) {
        const actor = event.type === 'opted_out' || event.type === 'opted_in' ? 'customer' : 'agent';
        const changed = await applyEvent(tx, locked.id, event, { actor, messageId: message.id });
        if (event.type === 'needs_person' && isHandOver(changed)) handedOver(event.reason);
      }
      if (text === undefined) return;
      const reply = await insertReply(tx, message, text, { match });
      if (reply) await tx.addJob(outboundJob(reply, trace));
    });
  };
}

const isOther = (now: JobMessage['conversation'], before: JobMessage['conversation']): boolean =>
  now.state !== before.state || (now.opted_out_at === null) !== (before.opted_out_at === null);

/** For people to answer: see docs/agent.md. What asks nothing, and what the business' own people write, is not kept. */
async function keepMissed(
  tx: Queryable,
  { id, business_id: businessId, text, staff_id: personId }: JobMessage,
  { language }: NonNullable<ReplyDecision['missed']>,
): Promise<void> {
  const key = personId === null ? questionKey(text) : undefined;
  if (key !== undefined) await recordUnanswered(tx, { messageId: id, businessId, text, language, key });
}

/** Something that the agent would say, and no wish of the customer's. */
const isAnswer = ({ reply, event }: ReplyDecision): boolean =>
  reply !== undefined && event?.type !== 'opted_out' && event?.type !== 'opted_in';

/** A person took over while the agent was still thinking. */
const logDropped = (tx: Queryable, message: JobMessage): Promise<void> =>
  addConversationEvent(tx, {
    conversationId: message.conversation_id,
    event: 'answer_dropped',
    from: 'person',
    to: 'person',
    reason: null,
    actor: 'system',
    messageId: message.id,
  });
