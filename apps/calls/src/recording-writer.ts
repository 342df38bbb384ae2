import { randomUUID } from 'node:crypto';
import type { Logger } from '@prosaas/runtime';
import type { CallJournal } from './call-journal.ts';
import type { Message } from './media/conversation.ts';
import { type MessageRecorder, bytesPerMs } from './media/message-recorder.ts';
import { muLawWav, wavMediaType } from './media/wav.ts';

/** With the time of a write, well under the second that may be lost. */
const partBytes = 500 * bytesPerMs;

/** Writes a message down while it is spoken: what was said outlives its process. */
export class RecordingWriter {
  readonly #id: string = randomUUID();
  readonly #journal: CallJournal;
  readonly #callId: string;
  readonly #log: Logger;
  #parts = 0;
  #bytes = 0;
  #isWriting = false;

  constructor({ journal, callId, log }: { journal: CallJournal; callId: string; log: Logger }) {
    this.#journal = journal;
    this.#callId = callId;
    this.#log = log;
  }

  /** One part at a time: while the database is away the next one grows, and the journal does not. */
  grow(soFar: MessageRecorder): void {
    if (this.#isWriting || soFar.bytes - this.#bytes < partBytes) return;
    const audio = soFar.audio(this.#bytes);
    this.#isWriting = true;
    this.#bytes += audio.length;
    this.#parts += 1;
    const part = { recordingId: this.#id, callId: this.#callId, part: this.#parts, audio };
    this.#journal.recordingPart(part, () => (this.#isWriting = false));
  }

  finish({ audio, durationMs, endedBy }: Message): void {
    this.#log.info({ duration_ms: Math.round(durationMs), ended_by: endedBy }, 'a message was recorded');
    this.#journal.recording({
      id: this.#id,
      callId: this.#callId,
      mediaType: wavMediaType,
      durationMs,
      audio: muLawWav(audio),
    });
  }
}
