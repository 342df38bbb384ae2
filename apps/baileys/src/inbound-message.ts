import type { MessageKind } from '@prosaas/database';
import { type WAMessage, type WAMessageKey, normalizeMessageContent } from '@whiskeysockets/baileys';
import { type Address, type Contact, contactOf, parseAddress } from './chat-id.ts';
import { storedId, storedName } from './inbound-limits.ts';
import { inboundContent } from './inbound-text.ts';

/**
 * customer: somebody wrote to the account. phone: the account's owner wrote to somebody, from another device of the account. self_chat:
 * the owner wrote in the chat with the account's own number.
 */
export type MessageOrigin = 'customer' | 'phone' | 'self_chat';

/** Whose conversation a message belongs to, and its id among theirs. */
export interface InboundAddress {
  origin: MessageOrigin;
  externalId: string;
  /** With whom the conversation is: a phone number's address, or a LID whose number is unknown. */
  contact: string;
  altContact?: string;
}

/** A message that a person wrote to the session's account, or its owner to a person. */
export interface InboundMessage extends InboundAddress {
  /** What the contact wrote from, or was written to, where that is known: phone number or LID. The answer goes there. */
  address?: string;
  contactName?: string;
  /** The id of the message that it quotes. */
  quotedId?: string;
  text: string;
  kind: MessageKind;
  sentAt: Date;
}

/** Knows the phone number's address of a LID that came without one. */
export type PhoneOf = (lid: string) => Promise<string | null>;

/** The account's own addresses. */
export interface AccountAddresses {
  id: string;
  lid?: string;
}

/** What is known of addresses. */
export interface KnownAddresses {
  /** Undefined before the pairing. */
  me: AccountAddresses | undefined;
  phoneOf: PhoneOf;
}

/**
 * Whose message it is. Undefined for what is not a person's message: a group, a status, a channel, a protocol
 * message, or one that could not be decrypted (the client asks its sender again, and it comes back under the same id).
 * The content is not looked at.
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

/** Undefined for what is not a message of a person, such as a reaction. */
export function readContent(
  message: WAMessage,
  address: InboundAddress,
  now: Date = new Date(),
): InboundMessage | undefined {
  const content = inboundContent(message.message);
  if (!content) return undefined;
  // What the owner writes carries the name of the account.
  const name = address.origin === 'customer' ? storedName(message.pushName) : undefined;
  // A note is answered at the account's number, by whichever address it was written.
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
 * An address of the account itself is nobody's: WhatsApp may put one beside the recipient of what the phone wrote, and the client then
 * takes it for the recipient's.
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

/** WhatsApp's own time; a clock that is ahead of ours, or none, is now. */
function sentAt({ messageTimestamp }: WAMessage, now: Date): Date {
  const seconds = Number(messageTimestamp ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? new Date(Math.min(seconds * 1000, now.getTime())) : now;
}
