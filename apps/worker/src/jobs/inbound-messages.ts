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
import { RetryNow } from '../job-errors.ts';

/** Default of the profile's `late.hours`. */
const LATE_HOURS = 12;
/** A message that was older when it was stored was delayed by an outage. */
const OUTAGE_SECONDS = 60;
/** Messages; enough that the agent does not repeat itself in a long conversation. */
const HISTORY_LENGTH = 100;
/** Characters; longer than the agent's answers, so that it recognizes them. */
const HISTORY_TEXT_LENGTH = 4096;

/** Lets the agent answer a message. The reply is stored in the transaction that completes the job, so there is at most one. */
export function createHandler({
  db,
  agent,
  rules,
  profile,
  limits,
}: JobDependencies): JobHandler<'inbound-messages'> {
  const decide = async (row: JobRow, message: JobMessage, signal: AbortSignal): Promise<ReplyDecision> => {
    const now = new Date(row.read_ms);
    const { conversation, conversation_id: conversationId, seq } = message;
    const isLoop = limits.count > 0 && (await hasRecentAnswers(db, conversationId, limits));
    const history = await listHistory(db, {
      conversationId,
      beforeSeq: seq,
      limit: HISTORY_LENGTH,
      textLimit: HISTORY_TEXT_LENGTH,
    });
    const current = profile();
    const isLate = message.late_seconds > (current.late?.hours ?? LATE_HOURS) * 3600;
    const isReplay = row.replays > 0;
    const input = { message, conversation, isLate, isReplay, isLoop, history, now, signal };
    return decideReply({ agent, rules, profile: current }, input);
  };

  return async ({ row, signal, complete }) => {
    const { message } = row;
    if (message?.status === 'failed') throw new MessageFailed(message.error ?? 'failed');
    // A person has answered meanwhile, or a worker of a previous version.
    if (message?.status !== 'received') return complete();
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
      if (notice) return complete((tx) => answerStaff(tx, { message, personId, notice, action, trace }));
      if (isSelfChat(message))
        return complete(async (tx) => {
          await closeMessage(tx, message.id, { status: 'ignored', reason: 'self_chat' });
        });
    }
    // Outside any transaction, because a model may take long.
    const decision = await decide(row, message, signal);
    await complete(async (tx) => {
      const locked = await lockConversation(tx, message.conversation_id);
      if (!locked) return;
      // After an outage or at a replay, a person may already have answered.
      if (
        (message.late_seconds > OUTAGE_SECONDS || row.replays > 0) &&
        (await hasPersonAnsweredSince(tx, message.id))
      )
        return void (await closeMessage(tx, message.id, { status: 'answered' }));
      if (hasChanged(locked, message.conversation)) {
        if (locked.state !== 'person' || !isAnswer(decision))
          throw new RetryNow('the conversation changed hands meanwhile');
        await closeMessage(tx, message.id, { status: 'waiting_for_person' });
        return logDropped(tx, message);
      }
      if (!(await closeMessage(tx, message.id, decision.end))) return;
      const { event, notUnderstood, missed, reply: text, match } = decision;
      if (missed) await recordMissedQuestion(tx, message, missed);
      if (notUnderstood !== undefined) await setNotUnderstoodCount(tx, locked.id, notUnderstood);
      if (event !== undefined) {
        const actor = event.type === 'opted_out' || event.type === 'opted_in' ? 'customer' : 'agent';
        const changed = await applyEvent(tx, locked.id, event, { actor, messageId: message.id });
        if (event.type === 'needs_person' && isHandOver(changed))
          tx.count({ metric: 'handovers', labels: { reason: event.reason } });
      }
      if (text === undefined) return;
      const reply = await insertReply(tx, message, text, { match });
      if (reply) await tx.addJob(outboundJob(reply, trace));
    });
  };
}

const hasChanged = (now: JobMessage['conversation'], before: JobMessage['conversation']): boolean =>
  now.state !== before.state || (now.opted_out_at === null) !== (before.opted_out_at === null);

/** Stores a question that the agent did not understand, for people to answer (docs/agent.md). Ignores texts of the business' own people. */
async function recordMissedQuestion(
  tx: Queryable,
  { id, business_id: businessId, text, staff_id: personId }: JobMessage,
  { language }: NonNullable<ReplyDecision['missed']>,
): Promise<void> {
  const key = personId === null ? questionKey(text) : undefined;
  if (key !== undefined) await recordUnanswered(tx, { messageId: id, businessId, text, language, key });
}

/** Whether the decision is an answer by the agent, and not the confirmation of an opt-out or opt-in. */
const isAnswer = ({ reply, event }: ReplyDecision): boolean =>
  reply !== undefined && event?.type !== 'opted_out' && event?.type !== 'opted_in';

/** Logs that a person took over before the agent's answer was stored. */
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
