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
import { interceptStanzas } from './quirks/stanza-listeners.ts';

/** A receipt of a recipient's device for messages that we sent. */
export interface Receipt {
  /** unreadable: the device could not decrypt them, and asks for them again. read: they were delivered and read. */
  kind: 'delivered' | 'read' | 'unreadable';
  messageIds: string[];
}

/** By the `type` of a receipt. `inactive` is a delivery to a device whose screen is off. */
const KINDS: Readonly<Record<string, Receipt['kind']>> = {
  '': 'delivered',
  inactive: 'delivered',
  read: 'read',
  played: 'read',
  retry: 'unreadable',
};

/**
 * Reads a receipt of a customer's device. Undefined for other kinds of receipts, and for those of groups and of the
 * account's own devices. Ids that we can't have sent, and ids past the limit, are left out.
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
  const ids = kind === 'unreadable' ? [id] : [id, ...more];
  const messageIds = ids.slice(0, RECEIPT_LENGTH).filter((messageId) => isPlainId(messageId));
  return messageIds.length > 0 ? { kind, messageIds } : undefined;
}

/**
 * Records each receipt before the client handles it. The client acknowledges a receipt and sends the message again, and
 * both would be lost with the process. When `record` rejects, the client does not get the receipt, and WhatsApp delivers
 * it again at the next login.
 *
 * Receipts are recorded one after the other: a burst after an absence must not use up the database connections.
 */
export function recordReceipts(ws: EventEmitter, record: (stanza: BinaryNode) => Promise<void>): void {
  interceptStanzas(ws, 'CB:receipt', async (stanza, deliver) => {
    await record(stanza);
    // Not awaited: sending a message again takes long.
    void deliver();
  });
}
