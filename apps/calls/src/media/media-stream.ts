import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@prosaas/runtime';
import type { WebSocket } from '@fastify/websocket';
import { BYTES_PER_MS } from './message-recorder.ts';
import { type StreamFrame, parseStreamFrame } from './stream-frames.ts';

/** Why a stream ended. */
export type StreamEnd = 'caller_hung_up' | 'finished' | 'stream_lost' | 'no_media' | 'overflow' | 'garbage';

export interface StreamListener {
  audio?(audio: Uint8Array): void;
  digit?(digit: string): void;
}

/** 20 ms of audio. */
const FRAME_BYTES = 20 * BYTES_PER_MS;
/** Frames sent ahead of time, so that a late timer leaves no gap. */
const LEAD_FRAMES = 5;
/** Some 250 unsent frames: the provider does not read. */
const BUFFER_LIMIT_BYTES = 100_000;
const MAX_GARBAGE_FRAMES = 50;
/** How long to wait for the answer to a `mark` after the audio is sent. */
const MARK_GRACE_MS = 3000;
const PROBE_MARK = 'alive';
/** A stream without frames is probed this often before it ends as `no_media`. */
const PROBES = 4;

export interface MediaStreamOptions {
  socket: WebSocket;
  streamSid: string;
  frameMs: number;
  mediaGapMs: number;
  log: Logger;
}

/** A media stream of the provider's: plays audio to the caller, and passes the caller's audio and keys to a listener. */
export class MediaStream {
  readonly streamSid: string;
  /** Receives the caller's audio and keys. */
  listener: StreamListener = {};
  readonly #socket: WebSocket;
  readonly #frameMs: number;
  readonly #log: Logger;
  readonly #over = new AbortController();
  readonly #marks = new Map<string, () => void>();
  readonly #watchdog: NodeJS.Timeout;
  /** Watchdog ticks since the last frame. */
  #silentTurns = 0;
  #end: StreamEnd | undefined;
  /** The provider has answered a probe since the last audio frame: the line is silent, not stalled. */
  #isSilent = false;
  #garbage = 0;
  #lastMark = 0;
  #hasActivity = false;

  constructor(options: MediaStreamOptions) {
    this.#socket = options.socket;
    this.#frameMs = options.frameMs;
    this.streamSid = options.streamSid;
    this.#log = options.log;
    this.#watchdog = setInterval(() => this.#probe(), options.mediaGapMs / PROBES);
    this.#socket.on('close', () => this.#finish('stream_lost'));
    // Deferred until the frames that arrived during the handshake are handled: the last one may be a hang-up.
    queueMicrotask(() => {
      if (this.#socket.readyState !== this.#socket.OPEN) this.#finish('stream_lost');
    });
  }

  /** Aborts when the stream ends for any reason. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get end(): StreamEnd | undefined {
    return this.#end;
  }

  /** Whether the provider has sent a frame since the last call. */
  takeActivity(): boolean {
    const active = this.#hasActivity;
    this.#hasActivity = false;
    return active;
  }

  /** Handles a message that arrived after the start frame. */
  receive(text: string): void {
    const frame = parseStreamFrame(text);
    if (frame) this.#handle(frame);
    else if (++this.#garbage > MAX_GARBAGE_FRAMES) this.#finish('garbage');
    else this.#log.debug('a frame of the media stream could not be read');
  }

  /**
   * Plays mu-law audio in real time and waits until the caller has heard it; then calls `onHeard` synchronously.
   *
   * @throws the reason of `signal`, after clearing the audio that was not heard yet
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

  /** Ends the stream. The provider then continues with the next TwiML verb, which hangs up. */
  close(): void {
    this.#finish('finished');
  }

  async #pace(audio: Uint8Array, signal: AbortSignal): Promise<void> {
    const start = performance.now();
    const frames = Math.ceil(audio.length / FRAME_BYTES);
    for (let sent = 0; sent < frames;) {
      signal.throwIfAborted();
      const due = Math.min(frames, Math.floor((performance.now() - start) / this.#frameMs) + LEAD_FRAMES);
      for (; sent < due; sent++) {
        const frame = audio.subarray(sent * FRAME_BYTES, (sent + 1) * FRAME_BYTES);
        const payload = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('base64');
        this.#send({ event: 'media', streamSid: this.streamSid, media: { payload } });
      }
      const next = start + (sent - LEAD_FRAMES + 1) * this.#frameMs;
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
    const limit = AbortSignal.any([signal, AbortSignal.timeout(MARK_GRACE_MS)]);
    const onLimit = (): void => resolve(false);
    limit.addEventListener('abort', onLimit, { once: true });
    try {
      this.#send({ event: 'mark', streamSid: this.streamSid, mark: { name } });
      // After a mark was answered there is nothing left to interrupt.
      if (!(await promise)) signal.throwIfAborted();
    } finally {
      limit.removeEventListener('abort', onLimit);
      this.#marks.delete(name);
    }
  }

  /**
   * A line may send no frames while it is silent. The provider is alive as long as it answers marks, which it does at once when it has nothing
   * to play: https://www.twilio.com/docs/voice/media-streams/websocket-messages#send-a-mark-message
   */
  #probe(): void {
    if (this.#silentTurns === PROBES) return this.#finish('no_media');
    if (this.#silentTurns > 0) this.#sendProbe();
    this.#silentTurns += 1;
  }

  #sendProbe(): void {
    this.#send({ event: 'mark', streamSid: this.streamSid, mark: { name: PROBE_MARK } });
  }

  /** Called while no frames arrive: whether the line is silent. A stalled line does not answer probes either. */
  confirmSilence(): boolean {
    if (!this.#isSilent) this.#sendProbe();
    return this.#isSilent;
  }

  #handle(frame: StreamFrame): void {
    if (frame.event !== 'unknown') {
      this.#hasActivity = true;
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
        if (frame.name === PROBE_MARK) this.#isSilent = true;
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
    if (this.#socket.bufferedAmount > BUFFER_LIMIT_BYTES) this.#finish('overflow');
    else this.#socket.send(JSON.stringify(frame));
  }

  #finish(end: StreamEnd): void {
    if (this.#end) return;
    this.#end = end;
    clearInterval(this.#watchdog);
    this.#over.abort(new StreamOver(end));
    if (end === 'garbage') this.#socket.close(1007);
    else this.#socket.close(1000);
    // Terminate a peer that does not answer the close.
    const cut = setTimeout(() => this.#socket.terminate(), CLOSE_GRACE_MS);
    cut.unref();
    this.#socket.once('close', () => clearTimeout(cut));
  }
}

const CLOSE_GRACE_MS = 2000;

class StreamOver extends Error {
  override readonly name = 'StreamOver';

  constructor(end: StreamEnd) {
    super(`the media stream is over: ${end}`);
  }
}
