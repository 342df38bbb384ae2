import type { EventEmitter } from 'node:events';
import type { BinaryNode } from '@whiskeysockets/baileys';

/** The events under which the client listens for the stanzas that its peer sends. */
export type StanzaEvent = 'CB:message' | 'CB:receipt';

/**
 * Replaces the client's own listeners of a stanza event by `handle`, which gets one stanza after the other and calls
 * `deliver` to pass a stanza on to the client. `deliver` never rejects: the client reports its errors itself. A stanza
 * for which `handle` rejects does not reach the client.
 *
 * Baileys 7.0.0-rc14 has no hook for this: `makeMessagesRecvSocket` registers its listeners on `ws` when the socket is made.
 * https://github.com/WhiskeySockets/Baileys/blob/master/src/Socket/messages-recv.ts
 */
export function interceptStanzas(
  ws: EventEmitter,
  event: StanzaEvent,
  handle: (stanza: BinaryNode, deliver: () => Promise<void>) => Promise<void>,
): void {
  const listeners = ws.listeners(event) as ((stanza: BinaryNode) => unknown)[];
  ws.removeAllListeners(event);
  let last = Promise.resolve();
  ws.on(event, (stanza: BinaryNode) => {
    const deliver = async (): Promise<void> => {
      await Promise.allSettled(listeners.map(async (listener) => listener(stanza)));
    };
    last = last.then(() => handle(stanza, deliver)).catch(() => {});
  });
}
