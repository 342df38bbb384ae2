import type { Level } from '../../kit/status.tsx';
import type { Call, ChatEvent, Conversation, Message } from './records.ts';

/** Why a conversation waits, by reason: docs/handing-over.md. */
const waitingReasons: Readonly<Record<string, string>> = {
  asked: 'asked for a person',
  complaint: 'complains',
  emergency: 'emergency',
  not_understood: 'the agent did not understand',
  loop: 'got too many answers in a row',
  failure: 'the agent could not answer',
  not_text: 'sent something other than text',
  late: 'a message came hours late',
  opted_out: 'had opted out, and wrote again',
  person_left: 'got no answer from the person in charge',
};

export const waitingText = (reason: string | null): string =>
  waitingReasons[reason ?? ''] ?? reason?.replaceAll('_', ' ') ?? 'needs a person';

/** The person who is signed in; null when the key belongs to no person. */
export type CurrentPerson = { id: string; role: string } | null;

export const isMine = ({ state, person_id: holder }: Conversation, currentPerson: CurrentPerson): boolean =>
  state === 'person' && currentPerson !== null && holder === currentPerson.id;

/** The same rule as in the api: an unknown holder may be the owner, and staff may not take a chat from the owner. */
export const isHeldByOther = (
  { state, person_id: holder }: Conversation,
  currentPerson: CurrentPerson,
): boolean =>
  state === 'person' &&
  currentPerson !== null &&
  (holder === null ? currentPerson.role === 'staff' : holder !== currentPerson.id);

export function holderText(chat: Conversation, currentPerson: CurrentPerson): string {
  if (isMine(chat, currentPerson)) return 'you';
  return chat.person_name ?? (chat.state_reason === 'phone' ? "whoever has the account's phone" : 'a person');
}

export function stateText(chat: Conversation, currentPerson: CurrentPerson): { level: Level; text: string } {
  switch (chat.state) {
    case 'waiting':
      return { level: chat.state_reason === 'emergency' ? 'bad' : 'warn', text: 'waiting' };
    case 'person':
      return { level: 'good', text: `with ${holderText(chat, currentPerson)}` };
    case 'closed':
      return { level: 'idle', text: 'closed' };
    default:
      return { level: 'idle', text: 'agent' };
  }
}

export function authorText(message: Message, customer: string, currentPerson: CurrentPerson): string {
  switch (message.author) {
    case 'customer':
      return customer;
    case 'agent':
      return 'Agent';
    case 'phone':
      return "Account's phone";
    case 'program':
      return 'Program';
    case 'notice':
      return 'Notice';
    default:
      return message.person_id !== null && message.person_id === currentPerson?.id
        ? 'You'
        : (message.person_name ?? 'A person');
  }
}

/** Who wrote the last message, in the list of chats; empty for the customer. */
export function previewPrefix(author: string): string {
  if (author === 'customer') return '';
  return `${{ agent: 'Agent', program: 'Program', notice: 'Notice' }[author] ?? 'Team'}: `;
}

const sources: Readonly<Record<string, string>> = {
  hours: 'from the opening hours',
  greeting: 'greets',
  'small-talk': 'small talk',
  'opt-out': 'confirms the opt-out',
  'opt-in': 'confirms the opt-in',
  unknown: 'did not understand',
  model: 'from the language model',
};

/** Where an answer by the agent came from. */
export function matchText(match: Message['match']): string | undefined {
  if (!match) return undefined;
  if (match.question !== undefined) return `from “${match.question}”`;
  if (match.source === 'hand-off') return `passed on: ${waitingText(match.reason ?? null)}`;
  return sources[match.source] ?? `from ${match.source}`;
}

const ignoredReasons: Readonly<Record<string, string>> = {
  small_talk: 'small talk needs none',
  opted_out: 'the customer wants no more messages',
  given_back: 'it was given back to the agent',
  closed: 'it was closed',
  notice_answer: 'it answers a notice',
  self_chat: 'a note to oneself',
  taken_over: 'a person took over',
  no_longer_waiting: 'the chat does not wait any more',
  new_chats_restricted: 'WhatsApp lets the account start no new chats',
};

const errorTexts: Readonly<Record<string, string>> = {
  ACCOUNT_CHANGED: 'the session was paired with another number meanwhile',
  ACK_TIMEOUT: 'WhatsApp did not confirm it',
  CONTACT_OPTED_OUT: 'the customer wants no more messages',
  DRAINED: 'its queue was emptied',
  NEW_CHATS_RESTRICTED: 'WhatsApp lets the account start no new chats for now',
  NOT_CONFIRMED: 'the service ended before WhatsApp confirmed it',
  SENDER_AWAY: 'the WhatsApp service could not be reached',
  SEND_FAILED: 'it could not be sent',
  SEND_REFUSED: 'WhatsApp refused it',
  SEND_REFUSED_FOR_NOW: 'WhatsApp refused it for now',
  SESSION_GONE: 'the WhatsApp session was deleted',
  SESSION_NOT_FOUND: 'the WhatsApp session was deleted',
  SESSION_NOT_WORKING: 'the WhatsApp session is not connected',
};
const MAX_ERROR_LENGTH = 160;

/** The text of an error, which usually begins with a code. */
export function errorText(error: string | null): string {
  if (error === null) return 'unknown reason';
  const [, code = '', rest = ''] = /^([A-Z_]+)(?:: *([^]*))?$/.exec(error) ?? [];
  if (code === 'SKIPPED') return `given up: ${clip(rest, MAX_ERROR_LENGTH)}`;
  return errorTexts[code] ?? clip(error, MAX_ERROR_LENGTH);
}

export const clip = (text: string, maxLength: number): string =>
  text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).trimEnd()}…`;

/** The status of a message as text. */
export function deliveryText(message: Message): { text: string; isBad: boolean } {
  const { direction, status, reason, error } = message;
  const why = ignoredReasons[reason ?? ''] ?? reason?.replaceAll('_', ' ');
  const good = (text: string) => ({ text, isBad: false });
  if (direction === 'inbound') {
    switch (status) {
      case 'waiting_for_person':
        return good('waits for a person');
      case 'ignored':
        return good(why === undefined ? 'no answer' : `no answer: ${why}`);
      case 'failed':
        return { text: `the agent failed: ${errorText(error)}`, isBad: true };
      default:
        return good(status);
    }
  }
  switch (status) {
    case 'queued':
      return good('to be sent');
    case 'sent':
      return good(message.read_at ? 'read' : message.delivered_at ? 'delivered' : 'sent');
    case 'ignored':
      return good(why === undefined ? 'not sent' : `not sent: ${why}`);
    case 'failed':
      return { text: `failed: ${errorText(error)}`, isBad: true };
    case 'undelivered':
      return { text: "not delivered: the customer's phone could not read it", isBad: true };
    default:
      return good(status);
  }
}

/** Whether the status of a message will probably change soon. */
export function isPending(
  { status, delivered_at: deliveredAt, created_at: at }: Message,
  now: number,
): boolean {
  const age = now - Date.parse(at);
  if (status === 'queued' || status === 'received') return age < 3_600_000;
  return status === 'sent' && deliveredAt === null && age < 120_000;
}

const kindTexts: Readonly<Record<string, string>> = {
  image: 'Picture',
  video: 'Video',
  audio: 'Sound',
  document: 'Document',
  location: 'Location',
  contact: 'Contact',
  sticker: 'Sticker',
  order: 'Order',
  poll: 'Poll',
};

/** The kind and the text of a message: `[image] my receipt` is a picture with a text. */
export function contentOf({ kind, text }: Message): { kind: string | undefined; text: string } {
  if (kind === 'text') return { kind: undefined, text };
  const prefix = `[${kind}]`;
  return {
    kind: kindTexts[kind] ?? 'Not text',
    text: text.startsWith(prefix) ? text.slice(prefix.length).trim() : text,
  };
}

function actorText(
  { actor, person_id: id, person_name: name }: ChatEvent,
  currentPerson: CurrentPerson,
): string {
  if (id !== null && id === currentPerson?.id) return 'You';
  if (name !== null) return name;
  return (
    { phone: "Whoever has the account's phone", customer: 'The customer', agent: 'The agent' }[actor] ??
    'Somebody'
  );
}

export function eventText(event: ChatEvent, currentPerson: CurrentPerson): string {
  const who = actorText(event, currentPerson);
  const because = event.reason === null ? '' : `: ${clip(event.reason, 200)}`;
  switch (event.event) {
    case 'customer_wrote':
      return 'The customer reopened it';
    case 'needs_person':
      return `Needs a person: ${waitingText(event.reason)}`;
    case 'announced':
      return 'Your team was notified';
    case 'nobody_to_tell':
      return 'There was nobody to notify';
    case 'taken_over':
      return `${who} took over`;
    case 'assigned':
      return `Assigned to ${who === 'You' ? 'you' : who}${event.reason === null ? '' : ` ${clip(event.reason, 200)}`}`;
    case 'person_wrote':
      return `${who} answers`;
    case 'answer_dropped':
      return 'An answer by the agent was not sent';
    case 'given_back':
      return `${who} gave it back to the agent`;
    case 'time_up':
      return event.to_state === 'waiting'
        ? 'No answer from the person in charge: the chat waits again'
        : 'No answer from the person in charge: the agent answers again';
    case 'failure_resolved':
      return 'The agent answered what it had failed to answer';
    case 'closed':
      return `${who} closed it`;
    case 'reopened':
      return `${who} reopened it`;
    case 'opted_out':
      return 'The customer wants no more messages';
    case 'opted_in':
      return `The customer wants messages again${because}`;
    default:
      return `${event.event.replaceAll('_', ' ')}${because}`;
  }
}

export function callText({ outcome, reason, answered_at: answeredAt, recordings }: Call): string {
  const message = recordings.length > 0 ? ', left a message' : '';
  if (outcome === null) return answeredAt === null ? 'ringing' : 'in progress';
  if (outcome === 'completed') return `completed${message}`;
  const why = reason === null ? '' : `: ${reason.replaceAll('_', ' ')}`;
  return `${outcome === 'rejected' ? 'rejected' : 'failed'}${why}${message}`;
}
