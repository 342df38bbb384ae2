import { type WAMessage, type WAMessageContent, type WAMessageKey, proto } from '@whiskeysockets/baileys';
import { type Contact, contactOf, parseAddress } from './chat-id.ts';
import { storedId, storedName } from './inbound-limits.ts';
import { inboundText } from './inbound-text.ts';

/** A message that a person wrote to the session's account. */
export interface InboundMessage {
  externalId: string;
  /** Where the answer goes: a phone number's address, or a LID whose number is unknown. */
  contact: string;
  altContact?: string;
  contactName?: string;
  text: string;
  sentAt: Date;
}

/**
 * The message of a person in what the client hands over, or undefined: our own echo, a group, a status, a channel, a
 * protocol message, or one that could not be decrypted (its sender is asked again, it comes back under the same id).
 *
 * @param phoneOf knows the phone number's address of a LID that came without one.
 */
export async function readInbound(
  message: WAMessage,
  phoneOf: (lid: string) => Promise<string | null>,
  now: Date = new Date(),
): Promise<InboundMessage | undefined> {
  const { key } = message;
  const text = isCandidate(message) ? inboundText(message.message) : undefined;
  if (!text || !key.id) return undefined;
  const contact = await contactOfKey(key, phoneOf);
  if (!contact) return undefined;
  const name = storedName(message.pushName);
  return {
    externalId: storedId(key.id),
    ...contact,
    ...(name && { contactName: name }),
    text,
    sentAt: sentAt(message, now),
  };
}

function isCandidate({ key, broadcast, category, messageStubType }: WAMessage): boolean {
  return !key.fromMe && !broadcast && category !== 'peer' && !messageStubType;
}

async function contactOfKey(
  key: WAMessageKey,
  phoneOf: (lid: string) => Promise<string | null>,
): Promise<Contact | undefined> {
  const contact = contactOf(parseAddress(key.remoteJid), parseAddress(key.remoteJidAlt));
  if (!contact?.contact.endsWith('@lid')) return contact;
  return contactOf(parseAddress(contact.contact), parseAddress(await phoneOf(contact.contact)));
}

/** WhatsApp's own time; a clock that is ahead of ours, or none, is now. */
function sentAt({ messageTimestamp }: WAMessage, now: Date): Date {
  const seconds = Number(messageTimestamp ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? new Date(Math.min(seconds * 1000, now.getTime())) : now;
}

/** The content of a decrypted message of the wire: padded with up to sixteen bytes that carry their own number. */
export function decodePlaintext(padded: Uint8Array): WAMessageContent | undefined {
  const padding = padded.at(-1);
  if (padding === undefined || padding > padded.length) return undefined;
  const message = proto.Message.decode(padded.subarray(0, padded.length - padding));
  return message.deviceSentMessage?.message ?? message;
}
