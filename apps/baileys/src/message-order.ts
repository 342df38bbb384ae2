import type { EventEmitter } from 'node:events';
import type { BinaryNode } from '@whiskeysockets/baileys';

const EVENT = 'CB:message';

/**
 * Lets the client handle message stanzas one after the other, in the order in which they came.
 *
 * By itself (7.0.0-rc14) it starts on each as it comes: the second message of a new contact overtakes the first, which is
 * still learning the contact's LID, and a live message overtakes those of the offline queue. The queue is an order of its
 * own only for stanzas that are marked `offline`, so the mark is taken off.
 *
 * @param prepare is awaited before the client gets a stanza. Where it rejects, the client does not get the stanza and acknowledges
 * nothing: WhatsApp delivers it again at the next login.
 */
export function handleInOrder(
  ws: EventEmitter,
  prepare: (stanza: BinaryNode) => Promise<void> = () => Promise.resolve(),
): void {
  const handlers = ws.listeners(EVENT) as ((stanza: BinaryNode) => Promise<void>)[];
  ws.removeAllListeners(EVENT);
  const handleAfter = async (before: Promise<void>, stanza: BinaryNode): Promise<void> => {
    await before;
    try {
      await prepare(stanza);
    } catch {
      return;
    }
    // It reports its errors itself.
    await Promise.allSettled(handlers.map((handle) => handle(stanza)));
  };
  let last = Promise.resolve();
  ws.on(EVENT, (stanza: BinaryNode) => {
    delete stanza.attrs['offline'];
    last = handleAfter(last, stanza);
  });
}
