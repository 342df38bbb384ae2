import { readStored, store } from '../../lib/storage.ts';

/** A text that is not sent yet, kept per conversation in this browser. */
export interface Draft {
  text: string;
  /** Set once it was tried to send this text: another try with the same key sends it once. */
  key?: string;
}

const nameOf = (conversationId: string): string => `draft.${conversationId}`;

export function readDraft(conversationId: string): Draft {
  try {
    const { text, key } = JSON.parse(readStored(nameOf(conversationId)) ?? '{}') as Partial<Draft>;
    if (typeof text === 'string') return { text, ...(typeof key === 'string' && { key }) };
  } catch {
    // none that this page wrote
  }
  return { text: '' };
}

export function storeDraft(conversationId: string, draft: Draft): void {
  store(nameOf(conversationId), draft.text === '' ? undefined : JSON.stringify(draft));
}

/** `crypto.randomUUID` is not there where the page comes over plain HTTP from another machine. */
export const newKey = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-');
