import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@prosaas/runtime';
import type { WebSocket } from '@fastify/websocket';
import { bytesPerMs } from './message-recorder.ts';
import { type StreamFrame, parseStreamFrame } from './stream-frames.ts';

/** Why a stream is over. */
export type StreamEnd = 'caller_hung_up' | 'finished' | 'stream_lost' | 'no_media' | 'overflow' | 'garbage';

export interface StreamListener {
  audio?(audio: Uint8Array): void;
  digit?(digit: string): void;
}

/** 20 ms of sound. */
const frameBytes = 20 * bytesPerMs;
/** What is sent ahead of its time, so that a late timer leaves no gap. */
const leadFrames = 5;
/** A provider that does not read: 250 frames and more lie in the socket. */
const bufferLimit = 100_000;
const garbageLimit = 50;
/** How long after its time a `mark` is waited for. */
const markGraceMs = 3000;
const ALIVE = 'alive';
/** How often a silent line is asked for a sign of life until it is given up. */
const probes = 4;

export interface MediaStreamOptions {
  socket: WebSocket;
  streamSid: string;
  frameMs: number;
  mediaGapMs: number;
  log: Logger;
}

/** The caller's end of a phone call: hears what is played, and speaks to whoever listens. */
export class MediaStream {
  readonly streamSid: string;
  /** Who hears the caller at the moment. */
  listener: StreamListener = {};
  readonly #socket: WebSocket;
  readonly #frameMs: number;
  readonly #log: Logger;
  readonly #over = new AbortController();
  readonly #marks = new Map<string, () => void>();
  readonly #watchdog: NodeJS.Timeout;
  /** Turns of the watchdog since the last sign of life. */
  #silentTurns = 0;
  #end: StreamEnd | undefined;
  /** The line has answered since its last frame of sound: it is silent, and not stalled. */
  #isSilent = false;
  #garbage = 0;
  #lastMark = 0;
  #heard = false;

  constructor(options: MediaStreamOptions) {
    this.#socket = options.socket;
    this.#frameMs = options.frameMs;
    this.streamSid = options.streamSid;
    this.#log = options.log;
    this.#watchdog = setInterval(() => this.#probe(), options.mediaGapMs / probes);
    this.#socket.on('close', () => this.#finish('stream_lost'));
    // After the frames that came while the stream was let in: the last of them may be a hang-up.
    queueMicrotask(() => {
      if (this.#socket.readyState !== this.#socket.OPEN) this.#finish('stream_lost');
    });
  }

  /** Aborted when the stream is over, for whatever reason. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get end(): StreamEnd | undefined {
    return this.#end;
  }

  /** Whether the provider has shown life since the last time this was asked. */
  takeSign(): boolean {
    const heard = this.#heard;
    this.#heard = false;
    return heard;
  }

  /** Everything that arrives on the socket after the stream's start. */
  receive(text: string): void {
    const frame = parseStreamFrame(text);
    if (frame) this.#handle(frame);
    else if (++this.#garbage > garbageLimit) this.#finish('garbage');
    else this.#log.debug('a frame of the media stream could not be read');
  }

  /**
   * Plays mu-law audio in real time and waits until the caller has heard it, at which moment `onHeard` is called.
   * @throws the reason of `signal`, after what was not heard yet was taken back.
   */
  async play(audio: Uint8Array, signal: AbortSignal, onHeard: () => void = () => {}): Promise<void> {
    const interrupted = AbortSignal.any([signal, this.over]);
    try {
      await this.#pace(audio, interrupted);
      await this.#mark(interrupted, onHeard);
    } catch (error) {
      if (!this.over.aborted) this.#send({ event: 'clear', streamSid: this.streamSid });
      interrupted.throwIfAborted();
      throw error;
    }
  }

  /** Ends the stream from our side; the provider goes on to what follows it in its instructions: it hangs up. */
  close(): void {
    this.#finish('finished');
  }

  async #pace(audio: Uint8Array, signal: AbortSignal): Promise<void> {
    const start = performance.now();
    const frames = Math.ceil(audio.length / frameBytes);
    for (let sent = 0; sent < frames;) {
      signal.throwIfAborted();
      const due = Math.min(frames, Math.floor((performance.now() - start) / this.#frameMs) + leadFrames);
      for (; sent < due; sent++) {
        const frame = audio.subarray(sent * frameBytes, (sent + 1) * frameBytes);
        const payload = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('base64');
        this.#send({ event: 'media', streamSid: this.streamSid, media: { payload } });
      }
      const next = start + (sent - leadFrames + 1) * this.#frameMs;
      if (sent < frames) await sleep(Math.max(1, next - performance.now()), undefined, { signal });
    }
  }

  async #mark(signal: AbortSignal, onHeard: () => void): Promise<void> {
    const name = `played-${++this.#lastMark}`;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#marks.set(name, () => {
      onHeard();
      resolve(true);
    });
    const limit = AbortSignal.any([signal, AbortSignal.timeout(markGraceMs)]);
    const give = (): void => resolve(false);
    limit.addEventListener('abort', give, { once: true });
    try {
      this.#send({ event: 'mark', streamSid: this.streamSid, mark: { name } });
      // Who has heard it all interrupts nothing any more.
      if (!(await promise)) signal.throwIfAborted();
    } finally {
      limit.removeEventListener('abort', give);
      this.#marks.delete(name);
    }
  }

  /**
   * A line may send no frames while it is silent. The provider is still there as long as it answers marks, which it does at once
   * where it has nothing to play: https://www.twilio.com/docs/voice/media-streams/websocket-messages#send-a-mark-message
   */
  #probe(): void {
    if (this.#silentTurns === probes) return this.#finish('no_media');
    if (this.#silentTurns > 0) this.#askForLife();
    this.#silentTurns += 1;
  }

  #askForLife(): void {
    this.#send({ event: 'mark', streamSid: this.streamSid, mark: { name: ALIVE } });
  }

  /** Asked when no frame has come for a moment: whether that is a silence. A line that is stalled answers nothing either. */
  probeSilence(): boolean {
    if (!this.#isSilent) this.#askForLife();
    return this.#isSilent;
  }

  #handle(frame: StreamFrame): void {
    if (frame.event !== 'unknown') {
      this.#heard = true;
      this.#silentTurns = 0;
    }
    switch (frame.event) {
      case 'media':
        this.#isSilent = false;
        this.listener.audio?.(frame.audio);
        return;
      case 'dtmf':
        this.listener.digit?.(frame.digit);
        return;
      case 'mark':
        if (frame.name === ALIVE) this.#isSilent = true;
        this.#marks.get(frame.name)?.();
        return;
      case 'stop':
        this.#finish('caller_hung_up');
        return;
      default:
    }
  }

  #send(frame: Record<string, unknown>): void {
    if (this.over.aborted) return;
    if (this.#socket.bufferedAmount > bufferLimit) this.#finish('overflow');
    else this.#socket.send(JSON.stringify(frame));
  }

  #finish(end: StreamEnd): void {
    if (this.#end) return;
    this.#end = end;
    clearInterval(this.#watchdog);
    this.#over.abort(new StreamOver(end));
    if (end === 'garbage') this.#socket.close(1007);
    else this.#socket.close(1000);
    // A peer that does not answer the close is cut off.
    const cut = setTimeout(() => this.#socket.terminate(), closeGraceMs);
    cut.unref();
    this.#socket.once('close', () => clearTimeout(cut));
  }
}

const closeGraceMs = 2000;

class StreamOver extends Error {
  override readonly name = 'StreamOver';

  constructor(end: StreamEnd) {
    super(`the media stream is over: ${end}`);
  }
}
