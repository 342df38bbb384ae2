import type { Socket } from 'node:net';
import type { WebSocket } from '@fastify/websocket';
import { type StartFrame, parseStreamFrame } from './stream-frames.ts';

/** Bytes on the wire before a valid token: `connected` and `start` take less than 1 KiB. */
const UNAUTHENTICATED_BYTES = 8 * 1024;
/** Further bytes while Redis is asked about a valid token: some 15 s of audio. */
const AUTHENTICATED_BYTES = 256 * 1024;
/** Messages before a valid token. A provider sends two: `connected`, then `start`. */
const UNAUTHENTICATED_MESSAGES = 4;
const POLICY_VIOLATION = 1008;
const MESSAGE_TOO_BIG = 1009;

export class StreamRefused extends Error {
  override readonly name = 'StreamRefused';
}

export interface StreamHandshakeOptions {
  socket: WebSocket;
  /** The TCP connection, where bytes are counted before they are parsed. */
  wire: Socket;
  /** Whether the token is that of the call. Checked without Redis. */
  isValidToken: (callSid: string, token: string) => boolean;
  limitMs: number;
}

/** Reads the first frames of a socket until it is authenticated, within bounds of bytes, messages and time. */
export class StreamHandshake implements Disposable {
  /** Resolves with the start frame once its token is valid. */
  readonly start: Promise<StartFrame>;
  /** Messages that arrived after the start frame. */
  readonly early: string[] = [];
  readonly #options: StreamHandshakeOptions;
  readonly #over = Promise.withResolvers<never>();
  readonly #started = Promise.withResolvers<StartFrame>();
  readonly #limit: NodeJS.Timeout;
  #bytesLeft = UNAUTHENTICATED_BYTES;
  #messagesLeft = UNAUTHENTICATED_MESSAGES;
  #isStarted = false;
  #isRefused = false;

  constructor(options: StreamHandshakeOptions) {
    this.#options = options;
    this.#limit = setTimeout(() => this.refuse('no valid token in time'), options.limitMs);
    this.#over.promise.catch(() => undefined);
    this.start = this.inTime(this.#started.promise);
    const { socket, wire } = options;
    socket.on('message', this.#onMessage);
    socket.on('close', this.#onClose);
    socket.on('error', this.#onError);
    // Runs after the WebSocket's own listener, so a start frame in the same bytes is already parsed.
    wire.on('data', this.#onBytes);
  }

  /** Rejects when the socket is refused first. */
  inTime<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#over.promise]);
  }

  refuse(why: string, code = POLICY_VIOLATION): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    clearTimeout(this.#limit);
    this.#over.reject(new StreamRefused(why));
    this.early.length = 0;
    const { socket } = this.#options;
    // One read may contain thousands of messages, which ws would still deliver.
    socket.off('message', this.#onMessage);
    // ws terminates the connection after its `closeTimeout`.
    socket.close(code);
  }

  /** Makes room for other sockets. */
  evict(): void {
    this.refuse('too many unauthenticated sockets');
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
    this.refuse('too much data before a valid token', MESSAGE_TOO_BIG);
    // Terminate at once: a paused socket would read on until its buffer is full.
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
    if (this.#messagesLeft < 0) return this.refuse('too much data before a valid token', MESSAGE_TOO_BIG);
    // Checked before parsing: JSON.parse takes 2 ms for 32 KiB of brackets.
    if (text.length > UNAUTHENTICATED_BYTES)
      return this.refuse('too much data before a valid token', MESSAGE_TOO_BIG);
    const frame = parseStreamFrame(text);
    if (frame?.event === 'connected') return;
    if (frame?.event !== 'start') return this.refuse('the first frames are not `connected` and `start`');
    if (!this.#options.isValidToken(frame.callSid, frame.parameters['token'] ?? '')) {
      this.refuse('the token is invalid');
      return;
    }
    this.#isStarted = true;
    this.#bytesLeft += AUTHENTICATED_BYTES;
    this.#started.resolve(frame);
  };

  readonly #onClose = (): void => this.refuse('closed before a valid token');
  readonly #onError = (): void => this.refuse('protocol error');
}

/**
 * Frees the 64 KiB buffer that Node has read, which otherwise waits for a garbage collection, although that hardly accounts for memory outside
 * the heap. Only for a buffer that is not shared, of a connection that is no longer read. Without it three rounds of 78 sockets raise RSS by
 * 12 %, with it by 5 % (`unauthenticated-streams.test.ts`).
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
