import type { WASocket } from '@whiskeysockets/baileys';

/** How often a closing handshake is checked: it ends after one to two of these. */
const CHECK_EVERY_MS = 2000;

/** Ends the TCP connection without the closing handshake of the WebSocket. */
export function terminate({ ws }: WASocket): void {
  (ws as unknown as { socket: { terminate(): void } | null }).socket?.terminate();
}

/**
 * Terminates a connection whose peer does not answer the closing handshake.
 *
 * Baileys 7.0.0-rc14 closes a connection on which it receives nothing any more, and then waits for the peer's close frame
 * (`WebSocketClient.close`). A peer that is gone sends none, and `ws` gives up after 30 s only.
 * https://github.com/WhiskeySockets/Baileys/blob/master/src/Socket/Client/websocket.ts
 */
export function terminateUnansweredClose(socket: WASocket, closed: Promise<unknown>): void {
  let wasClosing = false;
  const timer = setInterval(() => {
    const { isClosing } = socket.ws;
    if (isClosing && wasClosing) terminate(socket);
    wasClosing = isClosing;
  }, CHECK_EVERY_MS);
  timer.unref();
  void closed.then(() => clearInterval(timer));
}
