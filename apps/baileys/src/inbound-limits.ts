import { createHash } from 'node:crypto';
import { cutText } from '@prosaas/runtime';

/** Characters of a message: WhatsApp's own limit. Its apps send no more; a client of somebody's own may, up to a frame of 16 MB. */
export const TEXT_LENGTH = 65_536;
/** Characters of the name that a contact goes by. */
export const NAME_LENGTH = 200;
/** Characters of a message's id, which its sender's client chooses. WhatsApp's own have 16 to 32. */
export const ID_LENGTH = 128;

/** Messages that one receipt may name. */
export const RECEIPT_LENGTH = 1000;

/** Stored behind a text that was longer. */
export const CUT_MARK = ` [cut after ${TEXT_LENGTH} characters]`;

/** What is stored of a text. */
export function storedText(text: string): string {
  const cut = cutText(text, TEXT_LENGTH);
  return cut.length === text.length ? text : cut + CUT_MARK;
}

/** What is stored of a contact's name; undefined where it has none. PostgreSQL's text has no NUL. */
export function storedName(name: string | null | undefined): string | undefined {
  return cutText((name ?? '').replaceAll('\0', '').trim(), NAME_LENGTH) || undefined;
}

/** Whether it is an id that WhatsApp's clients make. */
export const isPlainId = (id: string): boolean => id.length <= ID_LENGTH && /^[\x21-\x7e]+$/.test(id);

/** A message's id as it is stored: its digest where it is no id that WhatsApp's clients make, so that a repeat is still known. */
export function storedId(id: string): string {
  if (isPlainId(id)) return id;
  return `sha256:${createHash('sha256').update(id).digest('hex')}`;
}
