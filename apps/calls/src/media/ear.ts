import type { MediaStream } from './media-stream.ts';
import { type MessageEnd, type MessageLimits, MessageRecorder } from './message-recorder.ts';

type Heard = { key: string } | 'voice' | MessageEnd;

/** How often a line is asked whether frames came. */
const tickMs = 200;

/** Hears the caller from the first frame to the last, whosever turn it is. */
export class Ear implements Disposable {
  readonly recorder: MessageRecorder;
  /** Set by whoever waits for the caller at the moment. The same may be told several times. */
  onHeard: (heard: Heard) => void = () => {};
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
        if (this.recorder.isSpeaking) this.onHeard('voice');
        if (end) this.onHeard(end);
      },
      digit: (key) => this.onHeard({ key }),
    };
    // Counted in turns and not by the clock: a process that stood still has not listened to a silence.
    this.#clock = setInterval(() => this.#tick(), tickMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#clock);
    this.#stream.listener = {};
    this.onHeard = () => {};
  }

  #tick(): void {
    // In our own turn silence ends nothing, and marks are answered only after our words.
    const isSilent = this.#isQuiet && (!this.recorder.isListening || this.#stream.probeSilence());
    const end = isSilent ? this.recorder.pass(tickMs) : undefined;
    this.#isQuiet = true;
    if (end) this.onHeard(end);
  }
}
