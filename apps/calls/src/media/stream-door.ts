import type { Socket } from 'node:net';
import type { WebSocket } from '@fastify/websocket';
import { type Logger, outageLog } from '@prosaas/runtime';
import { Introduction, Refused, textOf } from './introduction.ts';
import { RefusalLog } from '../refusal-log.ts';
import { MediaStream } from './media-stream.ts';

export interface StreamDoorOptions {
  /** Whether this is the token of this call; asks nobody. */
  isGenuine: (callSid: string, token: string) => boolean;
  /** Whether the genuine token of this call opens a stream now; at most once. */
  redeem: (callSid: string) => Promise<boolean>;
  onStream: (callSid: string, stream: MediaStream) => void;
  /** By then a socket has shown its token, or is closed. */
  introductionMs: number;
  frameMs: number;
  mediaGapMs: number;
  /** Open sockets that have not shown a genuine token; one more, and the oldest is cut. */
  maxStrangers: number;
  log: Logger;
}

/** @param wire the connection under the socket */
export type StreamDoor = (socket: WebSocket, wire: Socket) => void;

/**
 * For the WebSocket server of the media path. A frame of 20 ms has some 300 characters and providers bundle a few; nobody
 * needs to cut one into pieces, and each piece costs a hundred times its size.
 */
export const webSocketLimits = {
  maxPayload: 32 * 1024,
  maxFragments: 16,
  /** TCP segments of a frame that is not complete. */
  maxBufferedChunks: 128,
  /** For the closing handshake of one that broke the protocol. */
  closeTimeout: 2000,
  perMessageDeflate: false,
};

/** Lets a socket become a media stream once it shows the token of an accepted call; all others are closed. */
export function createStreamDoor(options: StreamDoorOptions): StreamDoor {
  const { isGenuine, redeem, onStream, introductionMs, frameMs, mediaGapMs, maxStrangers, log } = options;
  const strangers = new Set<Introduction>();

  const refusals = new RefusalLog(log, 'media streams were refused');
  const outage = outageLog(log, {
    waiting: 'media streams cannot be let in yet',
    begins: 'media streams cannot be let in',
    ends: 'media streams are let in again',
    // Only the next call shows whether it is over.
    repeats: false,
  });
  // Calls come when they come: what fails then is no wait of the start.
  outage.worked();

  const queryRedis = async (callSid: string): Promise<boolean> => {
    try {
      const isOpen = await redeem(callSid);
      outage.worked();
      return isOpen;
    } catch (error) {
      outage.failed(error);
      throw new Refused('Redis could not be asked about its token');
    }
  };

  const admit = async (socket: WebSocket, introduction: Introduction): Promise<void> => {
    const { callSid, streamSid } = await introduction.start;
    // No stranger any more, however long Redis takes: only real calls have a token.
    strangers.delete(introduction);
    if (!(await introduction.inTime(queryRedis(callSid)))) throw new Refused('its token is used or too old');
    const stream = new MediaStream({
      socket,
      streamSid,
      frameMs,
      mediaGapMs,
      log: log.child({ call_id: callSid }),
    });
    onStream(callSid, stream);
    for (const text of introduction.early) stream.receive(text);
    socket.on('message', (data, isBinary) => stream.receive(textOf(data, isBinary)));
    introduction[Symbol.dispose]();
  };

  return (socket, wire) => {
    // An oversized or broken frame: ws closes the socket with the right code by itself.
    socket.on('error', (error) => log.debug({ err: error }, 'a media stream broke the protocol'));
    const introduction = new Introduction({ socket, wire, isGenuine, limitMs: introductionMs });
    strangers.add(introduction);
    socket.once('close', () => strangers.delete(introduction));
    // Not the newcomer: a caller's stream introduces itself at once, who only holds a place does not.
    const [oldest] = strangers;
    if (strangers.size > maxStrangers) oldest?.cut();
    admit(socket, introduction).catch((error: unknown) => {
      if (error instanceof Refused) refusals.add(error.message);
      else log.error({ err: error }, 'a media stream could not be let in');
      introduction.refuse('it could not be let in');
    });
  };
}
