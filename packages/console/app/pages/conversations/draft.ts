import { readStored, store } from '../../lib/storage.ts';

/** A text that is not sent yet, stored for each conversation in this browser. */
export interface Draft {
  text: string;
  /** The idempotency key, set at the first attempt to send: attempts with the same key send the text once. */
  key?: string;
}

const storageName = (conversationId: string): string => `draft.${conversationId}`;

export function readDraft(conversationId: string): Draft {
  try {
    const { text, key } = JSON.parse(readStored(storageName(conversationId)) ?? '{}') as Partial<Draft>;
    if (typeof text === 'string') return { text, ...(typeof key === 'string' && { key }) };
  } catch {
    // Not written by this page.
  }
  return { text: '' };
}

export function storeDraft(conversationId: string, draft: Draft): void {
  store(storageName(conversationId), draft.text === '' ? undefined : JSON.stringify(draft));
}

/** Without `crypto.randomUUID`, which is missing on pages that are served over plain HTTP. */
export const newKey = (): string => crypto.getRandomValues(new Uint32Array(4)).join('-');
