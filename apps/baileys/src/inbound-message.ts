import { type WAMessage, type WAMessageKey, normalizeMessageContent } from '@whiskeysockets/baileys';
import { type Contact, contactOf, parseAddress } from './chat-id.ts';
import { storedId, storedName } from './inbound-limits.ts';
import { inboundText } from './inbound-text.ts';

/** Whose message it is, and its id among theirs. */
export interface InboundAddress {
  externalId: string;
  /** Who it is: a phone number's address, or a LID whose number is unknown. */
  contact: string;
  altContact?: string;
}

/** A message that a person wrote to the session's account. */
export interface InboundMessage extends InboundAddress {
  /** What the person wrote from, where that is known: phone number or LID. The answer goes there. */
  address?: string;
  contactName?: string;
  /** The id of the message that it quotes. */
  quotedId?: string;
  text: string;
  sentAt: Date;
}

/** Knows the phone number's address of a LID that came without one. */
export type PhoneOf = (lid: string) => Promise<string | null>;

/**
 * Whose message it is. Undefined for what is not a person's message: our own echo, a group, a status, a channel, a protocol
 * message, or one that could not be decrypted (the client asks its sender again, and it comes back under the same id).
 * The content is not looked at.
 */
export async function readAddress(message: WAMessage, phoneOf: PhoneOf): Promise<InboundAddress | undefined> {
  const { key } = message;
  if (!isCandidate(message) || !key.id) return undefined;
  const contact = await contactOfKey(key, phoneOf);
  return contact && { externalId: storedId(key.id), ...contact };
}

/** Undefined for what is not a message of a person, such as a reaction. */
export function readContent(
  message: WAMessage,
  address: InboundAddress,
  now: Date = new Date(),
): InboundMessage | undefined {
  const text = inboundText(message.message);
  if (!text) return undefined;
  const name = storedName(message.pushName);
  const from = parseAddress(message.key.remoteJid)?.jid;
  const quoted = normalizeMessageContent(message.message)?.extendedTextMessage?.contextInfo?.stanzaId;
  return {
    ...address,
    ...(from && { address: from }),
    ...(name && { contactName: name }),
    ...(quoted && { quotedId: storedId(quoted) }),
    text,
    sentAt: sentAt(message, now),
  };
}

function isCandidate({ key, broadcast, category, messageStubType }: WAMessage): boolean {
  return !key.fromMe && !broadcast && category !== 'peer' && !messageStubType;
}

async function contactOfKey(key: WAMessageKey, phoneOf: PhoneOf): Promise<Contact | undefined> {
  const contact = contactOf(parseAddress(key.remoteJid), parseAddress(key.remoteJidAlt));
  if (!contact?.contact.endsWith('@lid')) return contact;
  return contactOf(parseAddress(contact.contact), parseAddress(await phoneOf(contact.contact)));
}

/** WhatsApp's own time; a clock that is ahead of ours, or none, is now. */
function sentAt({ messageTimestamp }: WAMessage, now: Date): Date {
  const seconds = Number(messageTimestamp ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? new Date(Math.min(seconds * 1000, now.getTime())) : now;
}
