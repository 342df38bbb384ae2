import type { Socket } from 'node:net';
import type { WebSocket } from '@fastify/websocket';
import { type Logger, outageLog } from '@prosaas/runtime';
import { StreamHandshake, StreamRefused, textOf } from './stream-handshake.ts';
import { RefusalLog } from '../refusal-log.ts';
import { MediaStream } from './media-stream.ts';

export interface StreamAcceptorOptions {
  /** Whether this is the token of this call. Checked without Redis. */
  isValidToken: (callSid: string, token: string) => boolean;
  /** Uses up the valid token of a call: true at most once. */
  redeem: (callSid: string) => Promise<boolean>;
  onStream: (callSid: string, stream: MediaStream) => void;
  /** A socket without a valid token is closed after this time. */
  handshakeMs: number;
  frameMs: number;
  mediaGapMs: number;
  /** Maximum of open sockets without a valid token. One more evicts the oldest. */
  maxUnauthenticated: number;
  log: Logger;
}

/** @param wire the TCP connection of the socket */
export type StreamAcceptor = (socket: WebSocket, wire: Socket) => void;

/**
 * Options of the WebSocket server. A frame of 20 ms has some 300 characters, and providers bundle a few. Fragmentation is not needed, and a
 * fragment costs a hundred times its size in memory.
 */
export const webSocketLimits = {
  maxPayload: 32 * 1024,
  maxFragments: 16,
  /** TCP segments of an incomplete frame. */
  maxBufferedChunks: 128,
  /** Milliseconds for the closing handshake after a protocol error. */
  closeTimeout: 2000,
  perMessageDeflate: false,
};

/** Turns a socket with the token of an accepted call into a media stream, and closes all others. */
export function createStreamAcceptor(options: StreamAcceptorOptions): StreamAcceptor {
  const { isValidToken, redeem, onStream, handshakeMs, frameMs, mediaGapMs, maxUnauthenticated, log } =
    options;
  const unauthenticated = new Set<StreamHandshake>();

  const refusals = new RefusalLog(log, 'media streams were refused');
  const outage = outageLog(log, {
    waiting: 'media streams cannot be accepted yet',
    begins: 'media streams cannot be accepted',
    ends: 'media streams are accepted again',
    // Only the next call shows whether Redis works again.
    repeats: false,
  });
  // A failure is never an expected wait of the start: calls may come at any time.
  outage.worked();

  const queryRedis = async (callSid: string): Promise<boolean> => {
    try {
      const isOpen = await redeem(callSid);
      outage.worked();
      return isOpen;
    } catch (error) {
      outage.failed(error);
      throw new StreamRefused('Redis could not be asked about the token');
    }
  };

  const admit = async (socket: WebSocket, handshake: StreamHandshake): Promise<void> => {
    const { callSid, streamSid } = await handshake.start;
    // Not evicted any more, however long Redis takes: only real calls have a token.
    unauthenticated.delete(handshake);
    if (!(await handshake.inTime(queryRedis(callSid))))
      throw new StreamRefused('the token is used or expired');
    const stream = new MediaStream({
      socket,
      streamSid,
      frameMs,
      mediaGapMs,
      log: log.child({ call_id: callSid }),
    });
    onStream(callSid, stream);
    for (const text of handshake.early) stream.receive(text);
    socket.on('message', (data, isBinary) => stream.receive(textOf(data, isBinary)));
    handshake[Symbol.dispose]();
  };

  return (socket, wire) => {
    // After an oversized or malformed frame ws itself closes the socket with the right code.
    socket.on('error', (error) => log.debug({ err: error }, 'a media stream had a protocol error'));
    const handshake = new StreamHandshake({ socket, wire, isValidToken, limitMs: handshakeMs });
    unauthenticated.add(handshake);
    socket.once('close', () => unauthenticated.delete(handshake));
    // Evict the oldest, because a caller's stream sends its token at once.
    const [oldest] = unauthenticated;
    if (unauthenticated.size > maxUnauthenticated) oldest?.evict();
    admit(socket, handshake).catch((error: unknown) => {
      if (error instanceof StreamRefused) refusals.add(error.message);
      else log.error({ err: error }, 'a media stream could not be accepted');
      handshake.refuse('internal error');
    });
  };
}
