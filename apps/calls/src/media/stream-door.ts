import type { WebSocket } from '@fastify/websocket';
import type { Logger } from '@prosaas/runtime';
import { MediaStream } from './media-stream.ts';
import { type StartFrame, parseStreamFrame } from './stream-frames.ts';

export interface StreamDoorOptions {
  /** Whether this token opens a stream of this call; at most once. */
  redeem: (callSid: string, token: string) => Promise<boolean>;
  onStream: (callSid: string, stream: MediaStream) => void;
  /** By then a socket has shown its token, or is closed. */
  introductionMs: number;
  frameMs: number;
  mediaGapMs: number;
  /** Sockets that have not introduced themselves yet; one more, and the one that waits longest has to go. */
  maxStrangers: number;
  log: Logger;
}

const policyViolation = 1008;
/** What a stranger may send before its token has been looked at. */
const strangerFrames = 500;
const cutOffMs = 2000;

/** Lets a socket become a media stream once it shows the token of an accepted call; all others are closed. */
export function createStreamDoor(options: StreamDoorOptions): (socket: WebSocket) => void {
  const { redeem, onStream, introductionMs, frameMs, mediaGapMs, maxStrangers, log } = options;
  const strangers = new Set<Introduction>();

  const admit = async (socket: WebSocket): Promise<void> => {
    const introduction = new Introduction(socket, introductionMs);
    strangers.add(introduction);
    // Not the newcomer: a caller's stream introduces itself at once, who only holds a place does not.
    const [oldest] = strangers;
    if (strangers.size > maxStrangers) oldest?.refuse('others wait behind it');
    try {
      const { callSid, streamSid, parameters } = await introduction.start;
      if (!(await introduction.inTime(redeem(callSid, parameters['token'] ?? '')))) {
        throw new Refused('its token is wrong, used or too old');
      }
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
    } finally {
      strangers.delete(introduction);
      introduction[Symbol.dispose]();
    }
  };

  return (socket) => {
    // An oversized or broken frame: ws closes the socket with the right code by itself.
    socket.on('error', (error) => log.debug({ err: error }, 'a media stream broke the protocol'));
    admit(socket).catch((error: unknown) => {
      if (error instanceof Refused) log.warn({ why: error.message }, 'a media stream was refused');
      else log.error({ err: error }, 'a media stream could not be let in');
      socket.close(policyViolation);
      setTimeout(() => socket.terminate(), cutOffMs).unref();
    });
  };
}

class Refused extends Error {
  override readonly name = 'Refused';
}

/** The first frames of a socket, until it is known whose they are. */
class Introduction implements Disposable {
  readonly start: Promise<StartFrame>;
  /** What came after the start. */
  readonly early: string[] = [];
  readonly #socket: WebSocket;
  readonly #over = Promise.withResolvers<never>();
  readonly #limit: NodeJS.Timeout;
  readonly #started = Promise.withResolvers<StartFrame>();
  #frames = 0;
  #isStarted = false;

  constructor(socket: WebSocket, limitMs: number) {
    this.#socket = socket;
    this.#limit = setTimeout(() => this.refuse('no valid token in time'), limitMs);
    this.#over.promise.catch(() => undefined);
    this.start = this.inTime(this.#started.promise);
    socket.on('message', this.#onMessage);
    socket.on('close', this.#onClose);
  }

  inTime<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#over.promise]);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#limit);
    this.#socket.off('message', this.#onMessage);
    this.#socket.off('close', this.#onClose);
  }

  readonly #onMessage = (data: Parameters<typeof textOf>[0], isBinary: boolean): void => {
    if (++this.#frames > strangerFrames) return this.refuse('it talks before it is known');
    const text = textOf(data, isBinary);
    if (this.#isStarted) {
      this.early.push(text);
      return;
    }
    const frame = parseStreamFrame(text);
    if (frame?.event !== 'start') return;
    this.#isStarted = true;
    this.#started.resolve(frame);
  };

  readonly #onClose = (): void => this.refuse('it was closed before it was known');

  refuse(why: string): void {
    this.#over.reject(new Refused(why));
  }
}

function textOf(data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): string {
  if (isBinary) return '';
  if (Buffer.isBuffer(data)) return data.toString('utf8');
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)).toString('utf8');
}
