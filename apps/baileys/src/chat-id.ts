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

const ADDRESS = /^(?<user>\d+)(?:[_:]\d+)*@(?<server>c\.us|s\.whatsapp\.net|lid|hosted|hosted\.lid)$/;

export interface Address {
  kind: 'phone' | 'lid';
  /** Without the device: `972501234567@s.whatsapp.net` or `123456789@lid`. */
  jid: string;
}

/** The person behind an address of the wire, without the device; undefined for groups, broadcasts and channels. */
export function parseAddress(jid: string | null | undefined): Address | undefined {
  const groups = jid ? ADDRESS.exec(jid)?.groups : undefined;
  if (!groups) return undefined;
  const kind = groups['server']?.endsWith('lid') ? 'lid' : 'phone';
  return { kind, jid: `${groups['user']}@${kind === 'lid' ? 'lid' : 's.whatsapp.net'}` };
}

export interface Contact {
  /** The phone number's address where it is known, else the LID. */
  contact: string;
  /** The LID, where both are known. */
  altContact?: string;
}

/** Who a message is from. A LID is never taken for a phone number; both are carried where both are known. */
export function contactOf(...addresses: (Address | undefined)[]): Contact | undefined {
  const phone = addresses.find((address) => address?.kind === 'phone');
  const lid = addresses.find((address) => address?.kind === 'lid');
  if (phone) return { contact: phone.jid, ...(lid && { altContact: lid.jid }) };
  return lid && { contact: lid.jid };
}
