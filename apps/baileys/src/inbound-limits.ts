import { createHash } from 'node:crypto';
import { cutText } from '@prosaas/runtime';

/** Characters of a message: the limit of WhatsApp's apps. Other clients may send more, up to a frame of 16 MB. */
export const TEXT_LENGTH = 65_536;
/** Characters of a contact's name. */
export const NAME_LENGTH = 200;
/** Characters of a message's id, which the sender's client chooses. WhatsApp's apps use 16 to 32. */
export const ID_LENGTH = 128;

/** Message ids of one receipt. */
export const RECEIPT_LENGTH = 1000;

/** Appended to a text that was cut. */
export const CUT_MARK = ` [cut after ${TEXT_LENGTH} characters]`;

/** A text as it is stored. */
export function storedText(text: string): string {
  const cut = cutText(text, TEXT_LENGTH);
  return cut.length === text.length ? text : cut + CUT_MARK;
}

/** A contact's name as it is stored; undefined if empty. NUL is removed: PostgreSQL's text can't hold it. */
export function storedName(name: string | null | undefined): string | undefined {
  return cutText((name ?? '').replaceAll('\0', '').trim(), NAME_LENGTH) || undefined;
}

/** Whether WhatsApp's apps may have made the id. */
export const isPlainId = (id: string): boolean => id.length <= ID_LENGTH && /^[\x21-\x7e]+$/.test(id);

/** A message's id as it is stored. An id that WhatsApp's apps can't have made is stored as its digest, so that repeats are still recognized. */
export function storedId(id: string): string {
  if (isPlainId(id)) return id;
  return `sha256:${createHash('sha256').update(id).digest('hex')}`;
}
