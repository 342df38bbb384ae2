import { decodeMulaw } from '@prosaas/agentkit';

/** mu-law at 8 kHz: 8 bytes a millisecond. */
export const bytesPerMs = 8;

export type MessageEnd = 'silence' | 'too_long' | 'no_speech';

export interface MessageLimits {
  idleMs: number;
  silenceMs: number;
  maxMessageMs: number;
}

const squares: Float64Array = Float64Array.from(
  decodeMulaw(Uint8Array.from({ length: 256 }, (_, code) => code)),
  (sample) => sample * sample,
);
/** About -38 dBFS: above the noise of a line, below quiet speech. */
const loudRms = 400;
/** A click is no speech: so much loud time must come together, with quiet time taking it off again. */
const speechMs = 120;
/** What we say is not cut short by a cough either. */
const interruptionMs = 200;
/** Kept from before the first word, which begins more quietly than it goes on. */
const leadInMs = 500;

/**
 * Collects what a caller says from the first frame on, and knows when the message is over. Time is counted in audio, so that it
 * does not depend on the clock; a line that sends nothing while it is silent has its time passed by `pass`.
 */
export class MessageRecorder {
  readonly #limits: MessageLimits;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #loudMs = 0;
  #quietMs = 0;
  #listenedMs = 0;
  #speechMs = 0;
  #spoke = false;
  #answered = false;
  #isListening = false;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  /** Whether the caller has spoken at all. */
  get spoke(): boolean {
    return this.#spoke;
  }

  /** Whether the caller speaks now, long enough to mean it. */
  get isSpeaking(): boolean {
    return this.#loudMs >= interruptionMs;
  }

  /** How much of it all was loud. */
  get speechMs(): number {
    return this.#speechMs;
  }

  /** Whether it is the caller's turn. */
  get isListening(): boolean {
    return this.#isListening;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get durationMs(): number {
    return this.#bytes / bytesPerMs;
  }

  /** It is the caller's turn: from now on silence counts, and who speaks already has begun. */
  listen(): void {
    this.#isListening = true;
    this.#quietMs = 0;
    this.#listenedMs = 0;
    this.#answered = this.#loudMs >= speechMs;
  }

  /** It is our turn: the caller is heard, and silence is no end. */
  pause(): void {
    this.#isListening = false;
  }

  push(audio: Uint8Array): MessageEnd | undefined {
    const ms = audio.length / bytesPerMs;
    this.#chunks.push(audio);
    this.#bytes += audio.length;
    if (isLoud(audio)) {
      this.#quietMs = 0;
      this.#speechMs += ms;
      this.#listenedMs += ms;
      this.#loudMs = Math.min(this.#loudMs + ms, 2 * interruptionMs);
      if (this.#loudMs >= speechMs) this.#spoke = this.#answered = true;
    } else {
      this.#hush(ms);
    }
    if (!this.#spoke && !this.#isListening) this.#forget();
    return this.#end();
  }

  /** So much time went by and no frame came. */
  pass(ms: number): MessageEnd | undefined {
    this.#hush(ms);
    return this.#end();
  }

  /** What was said, from a byte on. */
  audio(from = 0): Uint8Array {
    let first = this.#chunks.length;
    let bytes = this.#bytes;
    while (bytes > from && first > 0) bytes -= this.#chunks[--first]?.length ?? 0;
    return Buffer.concat(this.#chunks.slice(first)).subarray(Math.max(0, from - bytes));
  }

  #hush(ms: number): void {
    this.#quietMs += ms;
    this.#listenedMs += ms;
    this.#loudMs = Math.max(this.#loudMs - ms, 0);
  }

  /** Nobody needs the silence under our own words. */
  #forget(): void {
    for (let oldest = this.#chunks[0]; oldest; oldest = this.#chunks[0]) {
      if (this.#bytes - oldest.length < leadInMs * bytesPerMs) return;
      this.#chunks.shift();
      this.#bytes -= oldest.length;
    }
  }

  #end(): MessageEnd | undefined {
    if (!this.#isListening) return undefined;
    if (this.durationMs >= this.#limits.maxMessageMs) return 'too_long';
    if (this.#answered) return this.#quietMs >= this.#limits.silenceMs ? 'silence' : undefined;
    return this.#listenedMs >= this.#limits.idleMs ? 'no_speech' : undefined;
  }
}

function isLoud(audio: Uint8Array): boolean {
  let sum = 0;
  for (const code of audio) sum += squares[code] as number;
  return audio.length > 0 && sum >= loudRms * loudRms * audio.length;
}
