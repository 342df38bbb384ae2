import type { EventEmitter } from 'node:events';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { interceptStanzas } from './quirks/stanza-listeners.ts';

export interface OrderOptions {
  /**
   * Awaited before the client gets a stanza. When it rejects, the client does not get the stanza and acknowledges nothing,
   * so that WhatsApp delivers it again at the next login.
   */
  prepare?: (stanza: BinaryNode) => Promise<void>;
  /** Called with true when one stanza takes longer than `stalledAfterMs`, and with false when it is done. */
  onStalled?: (isStalled: boolean) => void;
  stalledAfterMs?: number;
}

/**
 * Makes the client handle message stanzas one after the other, in the order in which they arrive.
 *
 * By itself (7.0.0-rc14) it starts on each stanza as it arrives. The second message of a new contact then overtakes the
 * first, for which the client still looks up the contact's LID, and live messages overtake those of the offline queue.
 * The client orders only stanzas that are marked `offline` and puts these into a queue of its own, so the mark is removed.
 */
export function handleInOrder(
  ws: EventEmitter,
  { prepare = () => Promise.resolve(), onStalled = () => {}, stalledAfterMs = 10_000 }: OrderOptions = {},
): void {
  interceptStanzas(ws, 'CB:message', async (stanza, deliver) => {
    delete stanza.attrs['offline'];
    let isStalled = false;
    const timer = setTimeout(() => onStalled((isStalled = true)), stalledAfterMs).unref();
    try {
      await prepare(stanza);
      await deliver();
    } finally {
      clearTimeout(timer);
      if (isStalled) onStalled(false);
    }
  });
}
