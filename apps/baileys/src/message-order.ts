import type { EventEmitter } from 'node:events';
import type { BinaryNode } from '@whiskeysockets/baileys';

const EVENT = 'CB:message';

export interface OrderOptions {
  /**
   * Awaited before the client gets a stanza. Where it rejects, the client does not get the stanza and acknowledges nothing: WhatsApp
   * delivers it again at the next login.
   */
  prepare?: (stanza: BinaryNode) => Promise<void>;
  /** Told when one stanza takes longer than `stalledAfterMs`, so that those behind it wait, and when it is over. */
  onStalled?: (isStalled: boolean) => void;
  stalledAfterMs?: number;
}

/**
 * Lets the client handle message stanzas one after the other, in the order in which they came.
 *
 * By itself (7.0.0-rc14) it starts on each as it comes: the second message of a new contact overtakes the first, which is
 * still learning the contact's LID, and a live message overtakes those of the offline queue. The queue is an order of its
 * own only for stanzas that are marked `offline`, so the mark is taken off.
 */
export function handleInOrder(
  ws: EventEmitter,
  { prepare = () => Promise.resolve(), onStalled = () => {}, stalledAfterMs = 10_000 }: OrderOptions = {},
): void {
  const handlers = ws.listeners(EVENT) as ((stanza: BinaryNode) => Promise<void>)[];
  ws.removeAllListeners(EVENT);
  const handleAfter = async (before: Promise<void>, stanza: BinaryNode): Promise<void> => {
    await before;
    let isStalled = false;
    const watch = setTimeout(() => onStalled((isStalled = true)), stalledAfterMs).unref();
    try {
      await prepare(stanza);
      // It reports its errors itself.
      await Promise.allSettled(handlers.map((handle) => handle(stanza)));
    } catch {
      // The client does not get it.
    } finally {
      clearTimeout(watch);
      if (isStalled) onStalled(false);
    }
  };
  let last = Promise.resolve();
  ws.on(EVENT, (stanza: BinaryNode) => {
    delete stanza.attrs['offline'];
    last = handleAfter(last, stanza);
  });
}
