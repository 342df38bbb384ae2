import type { EventEmitter } from 'node:events';
import {
  type BinaryNode,
  areJidsSameUser,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  isJidBroadcast,
  isJidGroup,
  isJidNewsletter,
} from '@whiskeysockets/baileys';
import { RECEIPT_LENGTH, isPlainId } from './inbound-limits.ts';

/** What a recipient's device says about messages of ours. */
export interface Receipt {
  /** unreadable: it could not decrypt them, and asks for a repeat. read: it has them, and they were looked at. */
  kind: 'delivered' | 'read' | 'unreadable';
  messageIds: string[];
}

/** Of receipts from a recipient. `inactive` is a delivery to a device whose screen is off. */
const KINDS: Readonly<Record<string, Receipt['kind']>> = {
  '': 'delivered',
  inactive: 'delivered',
  read: 'read',
  played: 'read',
  retry: 'unreadable',
};

/**
 * Undefined where it says nothing about whether a customer has a message of ours, or where our own devices say it. An id that is not
 * like ours is left out, and so is what comes past the limit.
 */
export function readReceipt(
  { attrs, content }: BinaryNode,
  me: { id: string; lid?: string } | undefined,
): Receipt | undefined {
  const { id, from, type = '' } = attrs;
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (!kind || !id || !from) return undefined;
  if (isJidGroup(from) || isJidBroadcast(from) || isJidNewsletter(from)) return undefined;
  if (areJidsSameUser(from, me?.id) || areJidsSameUser(from, me?.lid)) return undefined;
  const list = getBinaryNodeChild({ tag: 'receipt', attrs, ...(content && { content }) }, 'list');
  const more = getBinaryNodeChildren(list, 'item').flatMap((item) => item.attrs['id'] ?? []);
  // A device asks for one message at a time.
  const named = kind === 'unreadable' ? [id] : [id, ...more];
  const messageIds = named.slice(0, RECEIPT_LENGTH).filter((messageId) => isPlainId(messageId));
  return messageIds.length > 0 ? { kind, messageIds } : undefined;
}

const EVENT = 'CB:receipt';

/**
 * Has every receipt written down before the client handles it, which acknowledges it and repeats the message: both would be lost
 * with the process. What `take` rejects is not handled: WhatsApp delivers it again at the next login.
 */
export function recordReceipts(ws: EventEmitter, take: (stanza: BinaryNode) => Promise<void>): void {
  const handlers = ws.listeners(EVENT) as ((stanza: BinaryNode) => unknown)[];
  ws.removeAllListeners(EVENT);
  const handleAfter = async (before: Promise<void>, stanza: BinaryNode): Promise<void> => {
    await before;
    try {
      await take(stanza);
    } catch {
      return;
    }
    // Not awaited: a repeat of a message takes its time. It reports its errors itself.
    void Promise.allSettled(handlers.map((handle) => handle(stanza)));
  };
  // One after the other: a burst of them, as after an absence, must not take all connections to the database.
  let last = Promise.resolve();
  ws.on(EVENT, (stanza: BinaryNode) => {
    last = handleAfter(last, stanza);
  });
}
