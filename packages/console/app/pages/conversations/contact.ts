/** `+491701234567`. A LID does not reveal the phone number. */
export function numberOf(contact: string): string {
  const [user = contact, host] = contact.split('@', 2);
  if (host === 'lid') return 'number unknown';
  return /^\d+$/.test(user) ? `+${user}` : contact;
}

export const nameOf = ({
  contact,
  contact_name: name,
}: {
  contact: string;
  contact_name: string | null;
}): string => name?.trim() || numberOf(contact);

/** The shortest search that the REST api accepts. */
const MIN_SEARCH_LENGTH = 2;

/**
 * The search for what somebody typed; undefined when it is too short. Phone numbers are stored as digits with the country code, so
 * anything that looks like one is searched for without spaces, signs and leading zeros.
 */
export function searchOf(typed: string): string | undefined {
  const text = typed.trim().slice(0, 100);
  const digits = /^[+\d][\d\s()./-]{2,}$/.test(text) ? text.replace(/\D/g, '').replace(/^0+/, '') : '';
  const search = digits.length >= 3 ? digits : text;
  return search.length < MIN_SEARCH_LENGTH ? undefined : search;
}
