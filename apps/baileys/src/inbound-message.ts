import type { WAMessage, WAMessageKey } from '@whiskeysockets/baileys';
import { type Contact, contactOf, parseAddress } from './chat-id.ts';
import { inboundText } from './inbound-text.ts';

/** Whose message it is, and its id among theirs. */
export interface InboundAddress {
  externalId: string;
  /** Where the answer goes: a phone number's address, or a LID whose number is unknown. */
  contact: string;
  altContact?: string;
}

/** A message that a person wrote to the session's account. */
export interface InboundMessage extends InboundAddress {
  contactName?: string;
  text: string;
  sentAt: Date;
}

const NAME_LENGTH = 200;

/** Knows the phone number's address of a LID that came without one. */
export type PhoneOf = (lid: string) => Promise<string | null>;

/**
 * The message of a person in what the client hands over, or undefined: our own echo, a group, a status, a channel, a
 * protocol message, or one that could not be decrypted (its sender is asked again, it comes back under the same id).
 */
export async function readInbound(
  message: WAMessage,
  phoneOf: PhoneOf,
  now: Date = new Date(),
): Promise<InboundMessage | undefined> {
  const address = await readAddress(message, phoneOf);
  return address && readContent(message, address, now);
}

/** Whose message it is; undefined when it is not a person's. Whether it has content is left open. */
export async function readAddress(message: WAMessage, phoneOf: PhoneOf): Promise<InboundAddress | undefined> {
  const { key } = message;
  if (!isCandidate(message) || !key.id) return undefined;
  const contact = await contactOfKey(key, phoneOf);
  return contact && { externalId: key.id, ...contact };
}

/** Undefined for what is not a message of a person, such as a reaction. */
export function readContent(
  message: WAMessage,
  address: InboundAddress,
  now: Date = new Date(),
): InboundMessage | undefined {
  const text = inboundText(message.message);
  if (!text) return undefined;
  const name = message.pushName?.replaceAll('\0', '').trim().slice(0, NAME_LENGTH);
  return { ...address, ...(name && { contactName: name }), text, sentAt: sentAt(message, now) };
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
