import { applyEvent, isHeldByOther } from '@prosaas/conversations';
import {
  addNotice,
  closeMessage,
  countOthersWaiting,
  countWaitingMessages,
  insertReply,
  lockConversation,
  type AnsweredNotice,
  type ConversationRow,
  type JobMessage,
  type NewJob,
  type Queryable,
} from '@prosaas/database';
import { outboundJob } from '@prosaas/queues';
import {
  type Customer,
  closedText,
  explanationText,
  givenBackText,
  heldByOtherText,
  takenOverText,
} from './notices/texts.ts';

export type StaffAction = 'take' | 'give';

/** Maximum replies per person and hour, because a phone may have an auto-responder. `1` and `2` are always carried out. */
const MAX_EXPLANATIONS = 3;
const MAX_CONFIRMATIONS = 30;

const actions: Readonly<Record<string, StaffAction>> = { '1': 'take', '2': 'give' };
/** Arabic and Persian digits. NFKC converts full-width ones. */
const otherDigits: Readonly<Record<string, string>> = { '١': '1', '۱': '1', '٢': '2', '۲': '2' };

/** Whether the message is in the account's chat with itself. */
export const isSelfChat = ({
  account,
  conversation: { contact },
}: Pick<JobMessage, 'account'> & { conversation: { contact: string } }): boolean =>
  account !== null && contact === `${account}@s.whatsapp.net`;

/** Parses a person's answer to a notice; undefined if it is neither 1 nor 2. */
export function readStaffAnswer({ text, kind }: Pick<JobMessage, 'text' | 'kind'>): StaffAction | undefined {
  if (kind !== 'text' || text.length > 20) return undefined;
  const digit = text
    .normalize('NFKC')
    // The combining marks of a keycap emoji.
    .replaceAll(/[\u20e3\ufe0f]/g, '')
    .replaceAll(/[١۱٢۲]/g, (one) => otherDigits[one] ?? one)
    .replaceAll(/[\s\p{P}\p{Cf}]/gu, '');
  return actions[digit];
}

export interface StaffAnswerInput {
  action: StaffAction | undefined;
  personId: string;
  role: AnsweredNotice['role'];
  /** The conversation's current state. */
  state: AnsweredNotice['state'];
  /** The message is in the account's chat with itself, where only 1 and 2 are handled. */
  isNote: boolean;
  /** Who holds the conversation; null if unknown, such as someone who wrote from the account's phone. */
  holderId: string | null;
  /** Replies sent to this person within the last hour. */
  explanations: number;
  confirmations: number;
}

export interface StaffDecision {
  event?: 'taken_over' | 'given_back';
  /** Undefined: no reply. */
  reply?: 'taken' | 'held' | 'given' | 'closed' | 'explanation';
}

/** Decides how to handle an answer to a notice. */
export function decideStaffAnswer(input: StaffAnswerInput): StaffDecision {
  const { action, personId, role, state, isNote, holderId, explanations, confirmations } = input;
  if (action === undefined) return !isNote && explanations < MAX_EXPLANATIONS ? { reply: 'explanation' } : {};
  const reply = (of: NonNullable<StaffDecision['reply']>): StaffDecision =>
    confirmations < MAX_CONFIRMATIONS ? { reply: of } : {};
  if (isHeldByOther({ state, person_id: holderId }, { id: personId, role })) return reply('held');
  if (action === 'give')
    return state === 'closed' ? reply('closed') : { event: 'given_back', ...reply('given') };
  return { event: 'taken_over', ...reply('taken') };
}

/** Handles a person's answer to a notice. The agent does not see it. */
export async function answerStaff(
  tx: Queryable & { addJob(job: NewJob): Promise<void> },
  {
    message,
    personId,
    notice,
    action,
    trace,
  }: {
    message: JobMessage;
    personId: string;
    notice: AnsweredNotice;
    action: StaffAction | undefined;
    trace: string | undefined;
  },
): Promise<void> {
  // Lock order as where notices are written: the customer's conversation, then the person's.
  const customer = await lockConversation(tx, notice.conversation_id);
  await lockConversation(tx, message.conversation_id);
  const { explanations, confirmations, role } = notice;
  // The customer was erased meanwhile.
  if (customer === undefined) {
    await closeMessage(tx, message.id, { status: 'ignored', reason: 'notice_answer' });
    return;
  }
  const { state, person_id: holderId } = customer;
  const isNote = isSelfChat(message);
  const input = { action, personId, role, state, isNote, holderId, explanations, confirmations };
  const decision = decideStaffAnswer(input);
  const { event, reply: kind } = decision;
  const isOpen = await closeMessage(
    tx,
    message.id,
    kind === undefined ? { status: 'ignored', reason: 'notice_answer' } : { status: 'answered' },
  );
  if (!isOpen) return;
  const unanswered = await countWaitingMessages(tx, customer.id);
  if (event) await applyEvent(tx, customer.id, { type: event }, { actor: 'person', personId });
  if (kind === undefined) return;
  const others = await countOthersWaiting(tx, customer.id);
  const reply = await insertReply(
    tx,
    message,
    textOf(kind, customer, { others, unanswered, holder: holderName(customer, notice) }),
    { author: 'notice' },
  );
  if (reply === undefined) return;
  await addNotice(tx, {
    conversationId: customer.id,
    personId,
    channel: 'whatsapp',
    kind: kind === 'explanation' ? 'explanation' : 'confirmation',
    messageId: reply.id,
  });
  await tx.addJob(outboundJob(reply, trace));
}

function holderName(
  { person_id: id, state_reason: reason }: ConversationRow,
  { holder_id, holder_name }: AnsweredNotice,
): string {
  if (id === null && reason === 'phone') return 'Somebody at the phone of the business';
  return (id === holder_id ? holder_name : null) ?? 'Somebody else';
}

function textOf(
  kind: NonNullable<StaffDecision['reply']>,
  customer: Customer,
  { others, unanswered, holder }: { others: number; unanswered: number; holder: string },
): string {
  switch (kind) {
    case 'taken':
      return takenOverText(customer, others);
    case 'held':
      return heldByOtherText(customer, holder, others);
    case 'given':
      return givenBackText(customer, others, unanswered);
    case 'closed':
      return closedText(customer, others);
    case 'explanation':
      return explanationText(customer, others);
  }
}
