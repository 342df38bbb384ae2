import type { Agent } from '@prosaas/agentkit';
import {
  addToOutbox,
  closeMessage,
  findConversationById,
  insertReply,
  listHistory,
  lockConversation,
  markHandedOff,
  markOptedOut,
  type Database,
  type MessageRow,
} from '@prosaas/database';
import type { MessageJob, QueueName } from '@prosaas/queues';
import { UnrecoverableError } from 'bullmq';
import type { KeyedMutex } from '../keyed-mutex.ts';
import type { FailMessage } from '../lost-jobs.ts';
import { workOff, type Task } from '../work-off.ts';
import { decideReply, noReply, whoAnswers, type ReplyDecision } from './reply-decision.ts';

const STEP_LIMIT_MS = 60_000;
/** Enough that the agent does not repeat itself in a long conversation. */
const HISTORY = 100;
/** More than an answer of the agent is long, so that it knows its own words again. */
const HISTORY_TEXT_LENGTH = 4096;
const OUTBOUND: QueueName = 'outbound-messages';

export interface AnswerDependencies {
  db: Database;
  agent: Agent;
  /** The same profile without a model: what rules decide, decided without asking anybody. */
  rules: Agent;
  line: KeyedMutex;
  fail: FailMessage;
  /** Called after a commit that wrote to the outbox. */
  onCommitted: () => void;
  now?: () => Date;
}

/** Lets the agent answer what is unanswered in a conversation: each message has at most one reply, written with its job. */
export function answerInbound({
  db,
  agent,
  rules,
  line,
  fail,
  onCommitted,
  now = () => new Date(),
}: AnswerDependencies): (task: Task<MessageJob>) => Promise<void> {
  const think = async (
    message: MessageRow,
    who: 'agent' | 'rules' | 'nobody',
    signal: AbortSignal,
  ): Promise<ReplyDecision> => {
    if (who === 'nobody') return noReply;
    const history = await listHistory(db, {
      conversationId: message.conversation_id,
      beforeSeq: message.seq,
      limit: HISTORY,
      textLimit: HISTORY_TEXT_LENGTH,
    });
    const answer = await (who === 'agent' ? agent : rules).answer({
      text: message.text,
      history,
      now: now(),
      channel: 'whatsapp',
      signal,
    });
    return decideReply(who, answer);
  };

  return async (task) =>
    workOff(task, {
      db,
      direction: 'inbound',
      line,
      fail,
      step: async (message) => {
        const conversation = await findConversationById(db, message.conversation_id);
        if (!conversation) throw new UnrecoverableError('CONVERSATION_NOT_FOUND: it was erased');
        const who = whoAnswers(conversation);
        const signal = AbortSignal.any([task.signal, AbortSignal.timeout(STEP_LIMIT_MS)]);
        // Outside any transaction: it may take as long as a model does.
        const decision = await think(message, who, signal);
        const outcome = await db.transaction(async (tx) => {
          const locked = await lockConversation(tx, message.conversation_id);
          // Somebody took over or opted out meanwhile: to be thought over again, with that known.
          if (!locked || whoAnswers(locked) !== who) return 'not done';
          // Another worker was faster: its reply stands.
          if (!(await closeMessage(tx, message.id, { status: 'answered' }))) return 'not done';
          if (decision.optOut) await markOptedOut(tx, locked.id);
          if (decision.handOff) await markHandedOff(tx, locked.id);
          const reply =
            decision.reply === undefined ? undefined : await insertReply(tx, message, decision.reply);
          if (!reply) return 'done';
          await addToOutbox(tx, {
            queue: OUTBOUND,
            key: reply.id,
            trace: task.trace,
            payload: {
              messageId: reply.id,
              conversationId: reply.conversation_id,
              businessId: reply.business_id,
            } satisfies MessageJob,
          });
          return 'replied';
        });
        if (outcome === 'replied') onCommitted();
        return outcome !== 'not done';
      },
    });
}
