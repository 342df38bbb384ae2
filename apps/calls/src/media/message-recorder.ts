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

/**
 * Collects what a caller says and knows when the message is over. Time is counted in audio, so that it does not depend on
 * the clock: what it says follows from what was pushed.
 */
export class MessageRecorder {
  readonly #limits: MessageLimits;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #loudMs = 0;
  #quietMs = 0;
  #spoke = false;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  get spoke(): boolean {
    return this.#spoke;
  }

  get durationMs(): number {
    return this.#bytes / bytesPerMs;
  }

  push(audio: Uint8Array): MessageEnd | undefined {
    const ms = audio.length / bytesPerMs;
    this.#chunks.push(audio);
    this.#bytes += audio.length;
    if (isLoud(audio)) {
      this.#quietMs = 0;
      this.#loudMs = Math.min(this.#loudMs + ms, 2 * speechMs);
      this.#spoke ||= this.#loudMs >= speechMs;
    } else {
      this.#quietMs += ms;
      this.#loudMs = Math.max(this.#loudMs - ms, 0);
    }
    if (this.durationMs >= this.#limits.maxMessageMs) return 'too_long';
    if (this.#spoke) return this.#quietMs >= this.#limits.silenceMs ? 'silence' : undefined;
    return this.durationMs >= this.#limits.idleMs ? 'no_speech' : undefined;
  }

  audio(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}

function isLoud(audio: Uint8Array): boolean {
  let sum = 0;
  for (const code of audio) sum += squares[code] as number;
  return audio.length > 0 && sum >= loudRms * loudRms * audio.length;
}
