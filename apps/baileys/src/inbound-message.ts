import type { MessageKind } from '@prosaas/database';
import { type WAMessage, type WAMessageKey, normalizeMessageContent } from '@whiskeysockets/baileys';
import { type Address, type Contact, contactOf, parseAddress } from './chat-id.ts';
import { storedId, storedName } from './inbound-limits.ts';
import { inboundContent } from './inbound-text.ts';

/**
 * customer: somebody wrote to the account.
 * phone: the account's owner wrote to somebody from another device of the account.
 * self_chat: the owner wrote in the chat with the account's own number.
 */
export type MessageOrigin = 'customer' | 'phone' | 'self_chat';

/** The conversation that a message belongs to, and its id there. */
export interface InboundAddress {
  origin: MessageOrigin;
  externalId: string;
  /** The other side of the conversation: the JID of a phone number, or a LID whose number is unknown. */
  contact: string;
  altContact?: string;
}

/** A message that a person wrote to the session's account, or that its owner wrote. */
export interface InboundMessage extends InboundAddress {
  /** The JID that the contact used, phone number or LID, where it is known. Answers are sent to it. */
  address?: string;
  contactName?: string;
  /** The id of the message that it quotes. */
  quotedId?: string;
  text: string;
  kind: MessageKind;
  sentAt: Date;
}

/** Looks up the phone number's JID of a LID; null if unknown. */
export type PhoneOf = (lid: string) => Promise<string | null>;

/** The account's own addresses. */
export interface AccountAddresses {
  id: string;
  lid?: string;
}

export interface KnownAddresses {
  /** Undefined before the pairing. */
  me: AccountAddresses | undefined;
  phoneOf: PhoneOf;
}

/**
 * Reads whose message it is, without its content. Undefined for messages of groups, statuses and channels, for protocol
 * messages, and for one that could not be decrypted: the client asks for it again, and it comes under the same id.
 */
export async function readAddress(
  message: WAMessage,
  known: KnownAddresses,
): Promise<InboundAddress | undefined> {
  const { key } = message;
  if (!isCandidate(message) || !key.id) return undefined;
  const externalId = storedId(key.id);
  if (key.fromMe && isOwn(parseAddress(key.remoteJid), known.me)) {
    const own = contactOf(parseAddress(known.me?.id), parseAddress(known.me?.lid));
    return own && { origin: 'self_chat', externalId, ...own };
  }
  const contact = await contactOfKey(key, known);
  return contact && { origin: key.fromMe ? 'phone' : 'customer', externalId, ...contact };
}

/** Undefined for content that is not a message of a person, such as a reaction. */
export function readContent(
  message: WAMessage,
  address: InboundAddress,
  now: Date = new Date(),
): InboundMessage | undefined {
  const content = inboundContent(message.message);
  if (!content) return undefined;
  // A message of the owner carries the name of the account, not the contact's.
  const name = address.origin === 'customer' ? storedName(message.pushName) : undefined;
  // Notices are sent to the account's number, also when the note was addressed to its LID.
  const chat = address.origin === 'self_chat' ? address.contact : parseAddress(message.key.remoteJid)?.jid;
  const quoted = normalizeMessageContent(message.message)?.extendedTextMessage?.contextInfo?.stanzaId;
  return {
    ...address,
    ...(chat && { address: chat }),
    ...(name && { contactName: name }),
    ...(quoted && { quotedId: storedId(quoted) }),
    ...content,
    sentAt: sentAt(message, now),
  };
}

function isCandidate({ broadcast, category, messageStubType }: WAMessage): boolean {
  return !broadcast && category !== 'peer' && !messageStubType;
}

/**
 * Ignores alternate addresses that are the account's own: WhatsApp may put one beside the recipient of a message of the
 * account's phone, and the client then takes it for the recipient's.
 */
async function contactOfKey(
  key: WAMessageKey,
  { me, phoneOf }: KnownAddresses,
): Promise<Contact | undefined> {
  const other = (jid: string | null | undefined): Address | undefined => {
    const address = parseAddress(jid);
    return isOwn(address, me) ? undefined : address;
  };
  const contact = contactOf(parseAddress(key.remoteJid), other(key.remoteJidAlt));
  if (!contact?.contact.endsWith('@lid')) return contact;
  return contactOf(parseAddress(contact.contact), other(await phoneOf(contact.contact)));
}

function isOwn(address: Address | undefined, me: AccountAddresses | undefined): boolean {
  if (!address) return false;
  return [me?.id, me?.lid].some((own) => parseAddress(own)?.jid === address.jid);
}

/** The time that WhatsApp gives, or now if there is none or it is in the future. */
function sentAt({ messageTimestamp }: WAMessage, now: Date): Date {
  const seconds = Number(messageTimestamp ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? new Date(Math.min(seconds * 1000, now.getTime())) : now;
}
