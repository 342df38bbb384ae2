import type { Queryable } from './database.ts';

export interface RecordingInput {
  /** Chosen by the caller, so that the same recording written twice is one. */
  id: string;
  /** A recording belongs to the business of its call. */
  callId: string;
  mediaType: string;
  durationMs: number;
  audio: Uint8Array;
}

/** Keeps a recording; the same id again changes nothing. */
export async function saveRecording(q: Queryable, recording: RecordingInput): Promise<void> {
  await q.query(
    `insert into recordings (id, business_id, call_id, media_type, duration_ms, audio)
     values ($1, (select business_id from calls where id = $2), $2, $3, $4, $5) on conflict (id) do nothing`,
    [
      recording.id,
      recording.callId,
      recording.mediaType,
      Math.round(recording.durationMs),
      Buffer.from(recording.audio.buffer, recording.audio.byteOffset, recording.audio.byteLength),
    ],
  );
}
