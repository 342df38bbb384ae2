/**
 * Normalises a contact's name to its identities:
 *
 * - `tel:49301234567`: a phone number, also as a WhatsApp address, a `tel:` URI, or the user part of a SIP address
 * - `lid:77`: a LID of WhatsApp's
 * - `sip:alice@example.com`: a SIP address without its display name, password, port and parameters (RFC 3261, section 19.1)
 * - `text:...`: anything else, such as `client:alice`, as it is, in lower case
 */
export function identitiesOf(name: string): string[] {
  const text = name.trim();
  const whatsapp = WHATSAPP.exec(text)?.groups;
  if (whatsapp) return [`${whatsapp['server']!.endsWith('lid') ? 'lid' : 'tel'}:${whatsapp['user']}`];
  const digits = PHONE.test(text) ? text.replaceAll(/\D/g, '') : '';
  if (digits !== '') return [`tel:${digits}`];
  const sip = SIP.exec(text)?.groups;
  if (!sip) return [`text:${text.toLowerCase()}`];
  const user = decoded(sip['user']!).toLowerCase();
  const address = `sip:${user}@${sip['host']!.toLowerCase()}`;
  return PHONE_USER.test(user) ? [address, `tel:${user.replace('+', '')}`] : [address];
}

const WHATSAPP =
  /^(?<user>\d{1,20})(?:[_:]\d{1,10}){0,2}@(?<server>c\.us|s\.whatsapp\.net|lid|hosted|hosted\.lid)$/;
const PHONE = /^(?:tel:)?\+?[\d\s()-]+$/i;
const SIP =
  /^(?:[^<]{0,200}<)?\s*(?:sips?:)?(?<user>[^@:;<>\s]+)(?:[:;][^@]*)?@(?<host>\[[^\]]+\]|[^:;?<>\s@]+)/i;
/** Excludes extensions of a switchboard (`1001@pbx`). */
const PHONE_USER = /^(?:\+\d{5,15}|\d{8,15})$/;

function decoded(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

/** A text that every spelling of an identity contains, in lower case. A search for it may find other identities too. */
export function searchTermOf(identity: string): string {
  const name = identity.slice(identity.indexOf(':') + 1);
  return identity.startsWith('sip:') ? name.slice(0, name.lastIndexOf('@')) : name;
}

/** A shorter number occurs in too many unrelated texts. */
const MIN_DIGITS = 7;

/** A PostgreSQL regular expression for texts that name one of the identities; undefined if no identity is distinctive enough. */
export function mentionPattern(identities: readonly string[]): string | undefined {
  const patterns = identities.flatMap((identity) => {
    const name = identity.slice(identity.indexOf(':') + 1);
    switch (identity.slice(0, identity.indexOf(':'))) {
      case 'tel':
        return name.length < MIN_DIGITS
          ? []
          : [String.raw`\+?(?<![0-9])${name}(?![0-9])(@s\.whatsapp\.net|@c\.us)?`];
      case 'lid':
        return [String.raw`(?<![0-9])${name}@lid`];
      case 'sip':
        return [`(?<![a-z0-9.])(sips?:)?${escaped(name)}(?![a-z0-9])`];
      default:
        return [`(?<![a-z0-9])${escaped(name)}(?![a-z0-9])`];
    }
  });
  return patterns.length === 0 ? undefined : patterns.join('|');
}

const escaped = (text: string): string => text.replaceAll(/[^a-z0-9]/gi, String.raw`\$&`);
