import { waitingReasons } from '@prosaas/conversations';
import { cutText } from '@prosaas/runtime';

/** The customer of a conversation. */
export interface Customer {
  contact: string;
  alternate_contact?: string | null;
  contact_name: string | null;
}

export interface NoticeText extends Customer {
  kind: 'waiting' | 'reminder';
  reason: string;
  since: Date;
  /** The customer's last messages, oldest first. */
  messages: readonly string[];
  timeZone: string;
  /** What the person can do. */
  instructions: string;
}

/** How many of the last messages a notice shows. */
export const MESSAGES_SHOWN = 3;
/** Maximum characters of a shown message. */
const MESSAGE_LENGTH = 200;
/** Maximum characters of a shown name. */
const NAME_LENGTH = 60;

export const REPLY_INSTRUCTIONS = 'Reply 1 to take the chat over, 2 to give it back to the agent.';
const HOW_TO_ANSWER = 'Write to them from the phone of the account, or over REST';

/** Puts a customer's text on one line, so that it cannot imitate parts of the notice or add headers to an e-mail. */
export function inOneLine(text: string, length: number): string {
  // Cut first to bound the work. Bidirectional control characters are removed, because they affect the text after them.
  const line = cutText(text, length * 4)
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll(/[\u202a-\u202e\u2066-\u2069]/g, '')
    .trim();
  const cut = cutText(line, length);
  return cut.length === line.length && text.length <= length * 4 ? line : `${cut.trimEnd()}…`;
}

/** `Ann (+15550100)`, or the part of it that is known. */
export function customerName({
  contact,
  alternate_contact: alternate,
  contact_name: name,
}: Customer): string {
  const address = [contact, alternate].find((one) => one?.endsWith('@s.whatsapp.net'));
  const number = address && `+${address.split('@', 1)[0]}`;
  const shownName = inOneLine(name ?? '', NAME_LENGTH);
  return shownName && number ? `${shownName} (${number})` : shownName || number || 'A customer';
}

export function noticeSubject({
  kind,
  reason,
  ...customer
}: Customer & Pick<NoticeText, 'kind' | 'reason'>): string {
  const name = customerName(customer);
  if (reason === 'emergency') return `EMERGENCY: ${name} waits for a person`;
  return kind === 'reminder' ? `${name} still waits for a person` : `${name} waits for a person`;
}

export function noticeText(notice: NoticeText): string {
  const { reason, since, messages, timeZone, instructions } = notice;
  const time = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone });
  const why = (waitingReasons as Record<string, string>)[reason] ?? reason;
  const shown = messages.map((text) => `> ${inOneLine(text, MESSAGE_LENGTH)}`);
  return [
    `${noticeSubject(notice)}.`,
    `Why: ${why}`,
    `Since: ${time.format(since)}`,
    ...(shown.length > 0 ? ['Last messages:', ...shown] : []),
    '',
    instructions,
  ].join('\n');
}

/** The instructions in an e-mail, which cannot be answered. */
export const emailInstructions = (conversationId: string): string =>
  [
    `${HOW_TO_ANSWER} (conversation ${conversationId}).`,
    'If you got this on WhatsApp too, reply there: 1 takes the chat over, 2 gives it back to the agent. Replies to this e-mail are not read.',
  ].join('\n');

const othersWait = (count: number): string => {
  if (count === 0) return '';
  return count === 1 ? ' 1 other chat waits.' : ` ${count} other chats wait.`;
};

export const takenOverText = (customer: Customer, others: number): string =>
  `You have taken over the chat with ${customerName(customer)}: the agent is silent there. ${HOW_TO_ANSWER}. Reply 2 to give it back.${othersWait(others)}`;

export const heldByOtherText = (customer: Customer, holder: string, others: number): string =>
  `${inOneLine(holder, NAME_LENGTH)} has the chat with ${customerName(customer)} already.${othersWait(others)}`;

const haveNoAnswer = (count: number): string => {
  if (count === 0) return '';
  return count === 1
    ? ' 1 message has no answer, and the agent will not answer it.'
    : ` ${count} messages have no answer, and the agent will not answer them.`;
};

/** `unanswered`: number of messages that waited for a person. */
export const givenBackText = (customer: Customer, others: number, unanswered: number): string =>
  `The agent answers ${customerName(customer)} again.${haveNoAnswer(unanswered)} To take the chat over after all, quote this message and reply 1.${othersWait(others)}`;

export const closedText = (customer: Customer, others: number): string =>
  `The chat with ${customerName(customer)} is closed already.${othersWait(others)}`;

export const explanationText = (customer: Customer, others: number): string =>
  `Nobody reads what you write here, but for this: reply 1 to take over the chat with ${customerName(customer)}, 2 to give it back to the agent. To choose another chat, quote its notice. ${HOW_TO_ANSWER}.${othersWait(others)}`;
