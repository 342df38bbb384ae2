import {
  closeMessage,
  hasAnswered,
  insertReply,
  listHistory,
  lockConversation,
  markHandedOff,
  markOptedOut,
  type JobMessage,
} from '@prosaas/database';
import { outboundJob } from '@prosaas/queues';
import { type JobDependencies, type JobHandler, MessageFailed } from '../job.ts';
import { decideReply, noReply, whoAnswers, type ReplyDecision } from '../reply-decision.ts';
import { RetryNow } from '../verdict.ts';

/** Enough that the agent does not repeat itself in a long conversation. */
const HISTORY = 100;
/** More than an answer of the agent is long, so that it knows its own words again. */
const HISTORY_TEXT_LENGTH = 4096;

/** Lets the agent answer a message: it has at most one reply, written with the end of its job. */
export function createHandler({ db, agent, rules, limits }: JobDependencies): JobHandler<'inbound-messages'> {
  const think = async (
    message: JobMessage,
    now: Date,
    who: 'agent' | 'rules' | 'nobody',
    signal: AbortSignal,
  ): Promise<ReplyDecision> => {
    if (who === 'nobody') return noReply;
    const { count, reply } = limits;
    const isLoop = who === 'agent' && count > 0 && (await hasAnswered(db, message.conversation_id, limits));
    const history = await listHistory(db, {
      conversationId: message.conversation_id,
      beforeSeq: message.seq,
      limit: HISTORY,
      textLimit: HISTORY_TEXT_LENGTH,
    });
    const answer = await (who === 'agent' && !isLoop ? agent : rules).answer({
      text: message.text,
      history,
      now,
      channel: 'whatsapp',
      signal,
    });
    // A wish to be left alone is heard all the same.
    if (isLoop && answer.source !== 'opt-out') return { reply, optOut: false, handOff: 'loop' };
    return decideReply(who, answer);
  };

  return async ({ row, signal, close }) => {
    const { message } = row;
    if (message?.status === 'failed') throw new MessageFailed(message.error ?? 'failed');
    // Answered by a worker of the release before.
    if (message?.status !== 'received') return close();
    const who = whoAnswers(message.conversation);
    // Outside any transaction: it may take as long as a model does.
    const decision = await think(message, new Date(row.read_ms), who, signal);
    await close(async (tx) => {
      const locked = await lockConversation(tx, message.conversation_id);
      if (locked && whoAnswers(locked) !== who)
        throw new RetryNow('the conversation changed hands meanwhile');
      if (!locked || !(await closeMessage(tx, message.id, { status: 'answered' }))) return;
      if (decision.optOut) await markOptedOut(tx, locked.id);
      if (decision.handOff !== undefined) await markHandedOff(tx, locked.id, decision.handOff);
      if (decision.reply === undefined) return;
      const reply = await insertReply(tx, message, decision.reply);
      if (reply) await tx.addJob(outboundJob(reply, row.trace ?? undefined));
    });
  };
}
