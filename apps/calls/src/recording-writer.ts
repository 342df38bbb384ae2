import { randomUUID } from 'node:crypto';
import type { Logger } from '@prosaas/runtime';
import type { CallStore } from './call-store.ts';
import type { Message } from './media/conversation.ts';
import { type MessageRecorder, BYTES_PER_MS } from './media/message-recorder.ts';
import { muLawWav, WAV_MEDIA_TYPE } from './media/wav.ts';

/** Half a second: with the time of a write, less than a second of audio may be lost. */
const PART_BYTES = 500 * BYTES_PER_MS;

/** Stores a message in parts while the caller speaks, so that it survives the process. */
export class RecordingWriter {
  readonly #id: string = randomUUID();
  readonly #callStore: CallStore;
  readonly #callId: string;
  readonly #log: Logger;
  #parts = 0;
  #bytes = 0;
  #isWriting = false;

  constructor({ callStore, callId, log }: { callStore: CallStore; callId: string; log: Logger }) {
    this.#callStore = callStore;
    this.#callId = callId;
    this.#log = log;
  }

  /** Stores one part at a time. While the database is away the next part grows, and nothing piles up in the call store. */
  grow(soFar: MessageRecorder): void {
    if (this.#isWriting || soFar.bytes - this.#bytes < PART_BYTES) return;
    const audio = soFar.audio(this.#bytes);
    this.#isWriting = true;
    this.#bytes += audio.length;
    this.#parts += 1;
    const part = { recordingId: this.#id, callId: this.#callId, part: this.#parts, audio };
    this.#callStore.saveRecordingPart(part, () => (this.#isWriting = false));
  }

  finish({ audio, durationMs, endedBy }: Message): void {
    this.#log.info({ duration_ms: Math.round(durationMs), ended_by: endedBy }, 'a message was recorded');
    this.#callStore.saveRecording({
      id: this.#id,
      callId: this.#callId,
      mediaType: WAV_MEDIA_TYPE,
      durationMs,
      audio: muLawWav(audio),
    });
  }
}
