import { decodeMulaw } from '@prosaas/agentkit';

/** mu-law at 8 kHz: 8 bytes a millisecond. */
export const BYTES_PER_MS = 8;

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
const LOUD_RMS = 400;
/** Loud time that counts as speech, so that clicks do not. Quiet time is subtracted. */
const SPEECH_MS = 120;
/** Loud time that interrupts a phrase, so that a cough does not. */
const INTERRUPTION_MS = 200;
/** Audio kept from before the first word, which starts quietly. */
const LEAD_IN_MS = 500;

/**
 * Collects the caller's audio from the first frame on, and detects the end of the message. Time is measured by the audio and not by the clock;
 * for a line that sends no frames while it is silent, call `addSilence`.
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

  /** Whether the caller speaks now, long enough to interrupt a phrase. */
  get isSpeaking(): boolean {
    return this.#loudMs >= INTERRUPTION_MS;
  }

  /** Total loud time. */
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
    return this.#bytes / BYTES_PER_MS;
  }

  /** Starts the caller's turn: silence counts from now on. A caller who is already speaking has begun the message. */
  listen(): void {
    this.#isListening = true;
    this.#quietMs = 0;
    this.#listenedMs = 0;
    this.#answered = this.#loudMs >= SPEECH_MS;
  }

  /** Ends the caller's turn: audio is still recorded, and silence does not end the message. */
  pause(): void {
    this.#isListening = false;
  }

  push(audio: Uint8Array): MessageEnd | undefined {
    const ms = audio.length / BYTES_PER_MS;
    this.#chunks.push(audio);
    this.#bytes += audio.length;
    if (isLoud(audio)) {
      this.#quietMs = 0;
      this.#speechMs += ms;
      this.#listenedMs += ms;
      this.#loudMs = Math.min(this.#loudMs + ms, 2 * INTERRUPTION_MS);
      if (this.#loudMs >= SPEECH_MS) this.#spoke = this.#answered = true;
    } else {
      this.#addQuiet(ms);
    }
    if (!this.#spoke && !this.#isListening) this.#trim();
    return this.#end();
  }

  /** Counts time without frames as silence. */
  addSilence(ms: number): MessageEnd | undefined {
    this.#addQuiet(ms);
    return this.#end();
  }

  /** The recorded audio from an offset in bytes on. */
  audio(from = 0): Uint8Array {
    let first = this.#chunks.length;
    let bytes = this.#bytes;
    while (bytes > from && first > 0) bytes -= this.#chunks[--first]?.length ?? 0;
    return Buffer.concat(this.#chunks.slice(first)).subarray(Math.max(0, from - bytes));
  }

  #addQuiet(ms: number): void {
    this.#quietMs += ms;
    this.#listenedMs += ms;
    this.#loudMs = Math.max(this.#loudMs - ms, 0);
  }

  /** Drops silence from before the message, except for the lead-in. */
  #trim(): void {
    for (let oldest = this.#chunks[0]; oldest; oldest = this.#chunks[0]) {
      if (this.#bytes - oldest.length < LEAD_IN_MS * BYTES_PER_MS) return;
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
  return audio.length > 0 && sum >= LOUD_RMS * LOUD_RMS * audio.length;
}
