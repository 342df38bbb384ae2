import type { Level } from '../../kit/status.tsx';
import type { Call, ChatEvent, Conversation, Message } from './records.ts';

/** Why a conversation waits: docs/handing-over.md. */
const waitingWords: Readonly<Record<string, string>> = {
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
  waitingWords[reason ?? ''] ?? reason?.replaceAll('_', ' ') ?? 'needs a person';

/** Who is signed in, as far as it matters whose a conversation is. */
export type Reader = { id: string; role: string } | null;

export const isMine = ({ state, person_id: holder }: Conversation, reader: Reader): boolean =>
  state === 'person' && reader !== null && holder === reader.id;

/** The same rule as the api's: somebody who is not known may be the owner, from whom staff take nothing. */
export const isHeldByOther = ({ state, person_id: holder }: Conversation, reader: Reader): boolean =>
  state === 'person' && reader !== null && (holder === null ? reader.role === 'staff' : holder !== reader.id);

export function holderText(chat: Conversation, reader: Reader): string {
  if (isMine(chat, reader)) return 'you';
  return chat.person_name ?? (chat.state_reason === 'phone' ? "whoever has the account's phone" : 'a person');
}

export function stateText(chat: Conversation, reader: Reader): { level: Level; text: string } {
  switch (chat.state) {
    case 'waiting':
      return { level: chat.state_reason === 'emergency' ? 'bad' : 'warn', text: 'waiting' };
    case 'person':
      return { level: 'good', text: `with ${holderText(chat, reader)}` };
    case 'closed':
      return { level: 'idle', text: 'closed' };
    default:
      return { level: 'idle', text: 'agent' };
  }
}

export function authorText(message: Message, customer: string, reader: Reader): string {
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
      return message.person_id !== null && message.person_id === reader?.id
        ? 'You'
        : (message.person_name ?? 'A person');
  }
}

/** Before the beginning of a message in the list; a customer's has none. */
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

/** What an answer of the agent's came from. */
export function matchText(match: Message['match']): string | undefined {
  if (!match) return undefined;
  if (match.question !== undefined) return `from “${match.question}”`;
  if (match.source === 'hand-off') return `passed on: ${waitingText(match.reason ?? null)}`;
  return sources[match.source] ?? `from ${match.source}`;
}

const ignoredWords: Readonly<Record<string, string>> = {
  small_talk: 'it asks for none',
  opted_out: 'the customer wants no more messages',
  given_back: 'it was given back to the agent',
  closed: 'it was closed',
  notice_answer: 'it answers a notice',
  self_chat: 'a note to oneself',
  taken_over: 'a person took over',
  no_longer_waiting: 'the chat does not wait any more',
  new_chats_restricted: 'WhatsApp lets the account start no new chats',
};

const errorWords: Readonly<Record<string, string>> = {
  ACCOUNT_CHANGED: 'the session was paired with another number meanwhile',
  ACK_TIMEOUT: 'WhatsApp did not confirm it',
  CONTACT_OPTED_OUT: 'the customer wants no more messages',
  DRAINED: 'its queue was emptied',
  NEW_CHATS_RESTRICTED: 'WhatsApp lets the account start no new chats for now',
  NOT_CONFIRMED: 'the service ended before WhatsApp confirmed it',
  SENDER_AWAY: 'the WhatsApp service was away',
  SEND_FAILED: 'it could not be sent',
  SEND_REFUSED: 'WhatsApp refused it',
  SEND_REFUSED_FOR_NOW: 'WhatsApp refused it for now',
  SESSION_GONE: 'the WhatsApp session was deleted',
  SESSION_NOT_FOUND: 'the WhatsApp session was deleted',
  SESSION_NOT_WORKING: 'the WhatsApp session is not connected',
};
const MOST_ERROR_TEXT = 160;

/** The api's error begins with a code, mostly. */
export function errorText(error: string | null): string {
  if (error === null) return 'no reason is known';
  const [, code = '', rest = ''] = /^([A-Z_]+)(?:: *([^]*))?$/.exec(error) ?? [];
  if (code === 'SKIPPED') return `given up: ${clip(rest, MOST_ERROR_TEXT)}`;
  return errorWords[code] ?? clip(error, MOST_ERROR_TEXT);
}

export const clip = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;

/** What became of a message. */
export function fateText(message: Message): { text: string; isBad: boolean } {
  const { direction, status, reason, error } = message;
  const why = ignoredWords[reason ?? ''] ?? reason?.replaceAll('_', ' ');
  const fine = (text: string) => ({ text, isBad: false });
  if (direction === 'inbound') {
    switch (status) {
      case 'waiting_for_person':
        return fine('waits for a person');
      case 'ignored':
        return fine(why === undefined ? 'no answer' : `no answer: ${why}`);
      case 'failed':
        return { text: `the agent failed: ${errorText(error)}`, isBad: true };
      default:
        return fine(status);
    }
  }
  switch (status) {
    case 'queued':
      return fine('to be sent');
    case 'sent':
      return fine(message.read_at ? 'read' : message.delivered_at ? 'delivered' : 'sent');
    case 'ignored':
      return fine(why === undefined ? 'not sent' : `not sent: ${why}`);
    case 'failed':
      return { text: `failed: ${errorText(error)}`, isBad: true };
    case 'undelivered':
      return { text: "not delivered: the customer's phone could not read it", isBad: true };
    default:
      return fine(status);
  }
}

/** Whether more will be heard of a message soon. */
export function isPending(
  { status, delivered_at: deliveredAt, created_at: at }: Message,
  now: number,
): boolean {
  const age = now - Date.parse(at);
  if (status === 'queued' || status === 'received') return age < 3_600_000;
  return status === 'sent' && deliveredAt === null && age < 120_000;
}

const kindWords: Readonly<Record<string, string>> = {
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

/** What was sent beside text; `[image] my receipt` is a picture with a text. */
export function contentOf({ kind, text }: Message): { kind: string | undefined; text: string } {
  if (kind === 'text') return { kind: undefined, text };
  const prefix = `[${kind}]`;
  return {
    kind: kindWords[kind] ?? 'Not text',
    text: text.startsWith(prefix) ? text.slice(prefix.length).trim() : text,
  };
}

function actorText({ actor, person_id: id, person_name: name }: ChatEvent, reader: Reader): string {
  if (id !== null && id === reader?.id) return 'You';
  if (name !== null) return name;
  return (
    { phone: "Whoever has the account's phone", customer: 'The customer', agent: 'The agent' }[actor] ??
    'Somebody'
  );
}

export function eventText(event: ChatEvent, reader: Reader): string {
  const who = actorText(event, reader);
  const because = event.reason === null ? '' : `: ${clip(event.reason, 200)}`;
  switch (event.event) {
    case 'customer_wrote':
      return 'The customer opened it again';
    case 'needs_person':
      return `Needs a person: ${waitingText(event.reason)}`;
    case 'announced':
      return 'Your people were told';
    case 'nobody_to_tell':
      return 'There was nobody to tell';
    case 'taken_over':
      return `${who} took over`;
    case 'assigned':
      return `Given to ${who === 'You' ? 'you' : who}${event.reason === null ? '' : ` ${clip(event.reason, 200)}`}`;
    case 'person_wrote':
      return `${who} answers`;
    case 'answer_dropped':
      return "An answer of the agent's was not sent";
    case 'given_back':
      return `${who} gave it back to the agent`;
    case 'time_up':
      return event.to_state === 'waiting'
        ? 'The person in charge went silent: it waits again'
        : 'The person in charge went silent: the agent answers again';
    case 'failure_resolved':
      return 'The agent answered what it had failed to answer';
    case 'closed':
      return `${who} closed it`;
    case 'reopened':
      return `${who} opened it again`;
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
  if (outcome === null) return answeredAt === null ? 'is ringing' : 'goes on';
  if (outcome === 'completed') return `ended well${message}`;
  const why = reason === null ? '' : `: ${reason.replaceAll('_', ' ')}`;
  return `${outcome === 'rejected' ? 'heard busy' : 'broke off'}${why}${message}`;
}
