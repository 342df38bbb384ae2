import type { Socket } from 'node:net';
import type { WebSocket } from '@fastify/websocket';
import { type StartFrame, parseStreamFrame } from './stream-frames.ts';

/** Bytes on the wire before a genuine token: `connected` and `start` take less than 1 KiB. */
const strangerBytes = 8 * 1024;
/** Bytes that may come while Redis is asked about a genuine token: some 15 s of sound. */
const genuineBytes = 256 * 1024;
/** A provider sends two: `connected`, then `start`. */
const strangerMessages = 4;
const policyViolation = 1008;
const tooBig = 1009;

export class Refused extends Error {
  override readonly name = 'Refused';
}

export interface IntroductionOptions {
  socket: WebSocket;
  /** The connection under it, where bytes are counted before they are parsed. */
  wire: Socket;
  /** Whether the token is that of the call; asks nobody. */
  isGenuine: (callSid: string, token: string) => boolean;
  limitMs: number;
}

/** The first frames of a socket, until it is known whose they are. */
export class Introduction implements Disposable {
  /** Comes with the right token of its call. */
  readonly start: Promise<StartFrame>;
  /** What came after the start. */
  readonly early: string[] = [];
  readonly #options: IntroductionOptions;
  readonly #over = Promise.withResolvers<never>();
  readonly #started = Promise.withResolvers<StartFrame>();
  readonly #limit: NodeJS.Timeout;
  #bytesLeft = strangerBytes;
  #messagesLeft = strangerMessages;
  #isStarted = false;
  #isRefused = false;

  constructor(options: IntroductionOptions) {
    this.#options = options;
    this.#limit = setTimeout(() => this.refuse('no valid token in time'), options.limitMs);
    this.#over.promise.catch(() => undefined);
    this.start = this.inTime(this.#started.promise);
    const { socket, wire } = options;
    socket.on('message', this.#onMessage);
    socket.on('close', this.#onClose);
    socket.on('error', this.#onError);
    // Comes after the listener of the WebSocket: a start in these bytes is known by then.
    wire.on('data', this.#onBytes);
  }

  inTime<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#over.promise]);
  }

  refuse(why: string, code = policyViolation): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    clearTimeout(this.#limit);
    this.#over.reject(new Refused(why));
    this.early.length = 0;
    const { socket } = this.#options;
    // One read may hold thousands of messages, all of which ws goes on to deliver.
    socket.off('message', this.#onMessage);
    // ws cuts it off after its `closeTimeout`.
    socket.close(code);
  }

  /** Its place is needed. */
  cut(): void {
    this.refuse('others wait behind it');
    this.#options.socket.terminate();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#limit);
    const { socket, wire } = this.#options;
    socket.off('message', this.#onMessage);
    socket.off('close', this.#onClose);
    socket.off('error', this.#onError);
    wire.off('data', this.#onBytes);
  }

  readonly #onBytes = (bytes: Buffer): void => {
    this.#bytesLeft -= bytes.length;
    if (this.#bytesLeft >= 0) return;
    this.refuse('it talks before it is known', tooBig);
    // At once: a paused socket would go on reading until its buffer is full.
    this.#options.socket.terminate();
    release(bytes, this.#options.wire);
  };

  readonly #onMessage = (data: Parameters<typeof textOf>[0], isBinary: boolean): void => {
    const text = textOf(data, isBinary);
    if (this.#isStarted) {
      this.early.push(text);
      return;
    }
    this.#messagesLeft -= 1;
    if (this.#messagesLeft < 0) return this.refuse('it talks before it is known', tooBig);
    // Not parsed: 32 KiB of brackets take JSON.parse 2 ms.
    if (text.length > strangerBytes) return this.refuse('it talks before it is known', tooBig);
    const frame = parseStreamFrame(text);
    if (frame?.event === 'connected') return;
    if (frame?.event !== 'start') return this.refuse('it does not introduce itself');
    if (!this.#options.isGenuine(frame.callSid, frame.parameters['token'] ?? '')) {
      this.refuse('its token is wrong');
      return;
    }
    this.#isStarted = true;
    this.#bytesLeft += genuineBytes;
    this.#started.resolve(frame);
  };

  readonly #onClose = (): void => this.refuse('it was closed before it was known');
  readonly #onError = (): void => this.refuse('it broke the protocol');
}

/**
 * Frees the 64 KiB that Node has read, which otherwise wait for a garbage collection: it hardly notices memory outside its heap. Only
 * for a buffer that is nobody else's, of a connection from which nobody reads any more. Without it three rounds of 78 sockets raise
 * RSS by 12 %, with it by 5 % (`strangers.test.ts`).
 */
function release(bytes: Buffer, wire: Socket): void {
  const { buffer } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  if (isWhole && wire.destroyed && wire.readableLength === 0) buffer.transfer(0);
}

export function textOf(data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): string {
  if (isBinary) return '';
  if (Buffer.isBuffer(data)) return data.toString('utf8');
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)).toString('utf8');
}
