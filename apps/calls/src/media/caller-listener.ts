import type { MediaStream } from './media-stream.ts';
import { type MessageEnd, type MessageLimits, MessageRecorder } from './message-recorder.ts';

type CallerInput = { key: string } | 'voice' | MessageEnd;

/** How often to check whether frames arrived. */
const TICK_MS = 200;

/** Records the caller's audio during the whole call, and reports keys, speech and the end of a message. */
export class CallerListener implements Disposable {
  readonly recorder: MessageRecorder;
  /** Set by whoever currently waits for the caller. The same input may be reported several times. */
  onInput: (input: CallerInput) => void = () => {};
  readonly #stream: MediaStream;
  readonly #clock: NodeJS.Timeout;
  #isQuiet = false;

  constructor(options: {
    stream: MediaStream;
    limits: MessageLimits;
    /** After each frame of a message that has begun. */
    onSpeech: (soFar: MessageRecorder) => void;
  }) {
    this.recorder = new MessageRecorder(options.limits);
    this.#stream = options.stream;
    this.#stream.listener = {
      audio: (audio) => {
        this.#isQuiet = false;
        const end = this.recorder.push(audio);
        if (this.recorder.spoke) options.onSpeech(this.recorder);
        if (this.recorder.isSpeaking) this.onInput('voice');
        if (end) this.onInput(end);
      },
      digit: (key) => this.onInput({ key }),
    };
    // Counts ticks instead of reading the clock, so that time during which the process was frozen does not count as silence.
    this.#clock = setInterval(() => this.#tick(), TICK_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#clock);
    this.#stream.listener = {};
    this.onInput = () => {};
  }

  #tick(): void {
    // While a phrase is played, silence does not matter, and the provider answers marks only afterwards.
    const isSilent = this.#isQuiet && (!this.recorder.isListening || this.#stream.confirmSilence());
    const end = isSilent ? this.recorder.addSilence(TICK_MS) : undefined;
    this.#isQuiet = true;
    if (end) this.onInput(end);
  }
}
