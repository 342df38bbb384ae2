/** `+491701234567`; of a LID, which hides the number, only that. */
export function numberOf(contact: string): string {
  const [user = contact, host] = contact.split('@', 2);
  if (host === 'lid') return 'number not known';
  return /^\d+$/.test(user) ? `+${user}` : contact;
}

export const nameOf = ({
  contact,
  contact_name: name,
}: {
  contact: string;
  contact_name: string | null;
}): string => name?.trim() || numberOf(contact);

/** The least that REST searches for. */
const SHORTEST_SEARCH = 2;

/**
 * What to search for. Numbers are kept as digits with the country's code: what looks like one is searched for without spaces, signs
 * and leading zeros. Undefined: too short.
 */
export function searchOf(typed: string): string | undefined {
  const text = typed.trim().slice(0, 100);
  const digits = /^[+\d][\d\s()./-]{2,}$/.test(text) ? text.replace(/\D/g, '').replace(/^0+/, '') : '';
  const search = digits.length >= 3 ? digits : text;
  return search.length < SHORTEST_SEARCH ? undefined : search;
}
