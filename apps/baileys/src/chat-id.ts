const CHAT_ID = /^(?<user>\d{5,20})(?:@(?<server>c\.us|s\.whatsapp\.net|lid))?$/;

/**
 * The WhatsApp address that a caller means: `<digits>@lid` stays a LID; plain digits, `@c.us` and `@s.whatsapp.net`
 * are a phone number. Anything else (groups, broadcasts, devices, a leading `+`) is undefined.
 */
export function parseChatId(text: string): string | undefined {
  const groups = CHAT_ID.exec(text)?.groups;
  if (!groups) return undefined;
  return `${groups['user']}@${groups['server'] === 'lid' ? 'lid' : 's.whatsapp.net'}`;
}

const ADDRESS =
  /^(?<user>\d{1,20})(?:[_:]\d{1,10}){0,2}@(?<server>c\.us|s\.whatsapp\.net|lid|hosted|hosted\.lid)$/;

export interface Address {
  kind: 'phone' | 'lid';
  /** Without the device: `972501234567@s.whatsapp.net` or `123456789@lid`. */
  jid: string;
}

/** Parses a JID of a person, without its device; undefined for groups, broadcasts and channels. */
export function parseAddress(jid: string | null | undefined): Address | undefined {
  const groups = jid ? ADDRESS.exec(jid)?.groups : undefined;
  if (!groups) return undefined;
  const kind = groups['server']?.endsWith('lid') ? 'lid' : 'phone';
  return { kind, jid: `${groups['user']}@${kind === 'lid' ? 'lid' : 's.whatsapp.net'}` };
}

/** The user part of a JID: the digits of a phone number or of a LID. */
export const userOf = (jid: string | undefined): string | undefined => jid?.split(/[:@]/, 1)[0];

export interface Contact {
  /** The JID of the phone number where it is known, else the LID. */
  contact: string;
  /** The LID, where both are known. */
  altContact?: string;
}

/** The contact that these addresses belong to. A LID is never used as a phone number. */
export function contactOf(...addresses: (Address | undefined)[]): Contact | undefined {
  const phone = addresses.find((address) => address?.kind === 'phone');
  const lid = addresses.find((address) => address?.kind === 'lid');
  if (phone) return { contact: phone.jid, ...(lid && { altContact: lid.jid }) };
  return lid && { contact: lid.jid };
}
