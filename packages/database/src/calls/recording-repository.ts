import type { Database, Queryable } from '../database.ts';

export interface RecordingInput {
  /** Chosen by the caller, so that the same recording written twice is one. */
  id: string;
  /** A recording belongs to the business of its call. */
  callId: string;
  mediaType: string;
  durationMs: number;
  audio: Uint8Array;
}

export interface RecordingPart {
  recordingId: string;
  callId: string;
  /** Counted from 1. A part that was lost leaves a gap. */
  part: number;
  /** mu-law at 8 kHz, without a header. */
  audio: Uint8Array;
}

/** Stores a complete recording, replacing its parts or a recording made from them. `hasParts`: the table for parts exists. */
export async function saveRecording(
  q: Queryable,
  recording: RecordingInput,
  { hasParts = true }: { hasParts?: boolean } = {},
): Promise<void> {
  await q.query(
    `${hasParts ? 'with parts as (delete from recording_parts where recording_id = $1)' : ''}
     insert into recordings (id, business_id, call_id, media_type, duration_ms, audio)
     values ($1, (select business_id from calls where id = $2), $2, $3, $4, $5)
     on conflict (id) do update set duration_ms = excluded.duration_ms, audio = excluded.audio`,
    [
      recording.id,
      recording.callId,
      recording.mediaType,
      Math.round(recording.durationMs),
      bufferOf(recording.audio),
    ],
  );
}

/** Stores the audio since the last part. Storing the same part again changes nothing. */
export async function saveRecordingPart(q: Queryable, part: RecordingPart): Promise<void> {
  await q.query(
    `insert into recording_parts (recording_id, part, call_id, audio) values ($1, $2, $3, $4)
     on conflict (recording_id, part) do nothing`,
    [part.recordingId, part.part, part.callId, bufferOf(part.audio)],
  );
}

/** Recordings that exist only as parts, and got no new part for `afterMs`. */
export async function listUnfinishedRecordings(
  q: Queryable,
  { afterMs, limit }: { afterMs: number; limit: number },
): Promise<{ recordingId: string; callId: string }[]> {
  return q.query(
    `select recording_id as "recordingId", call_id as "callId" from recording_parts
     group by recording_id, call_id having max(created_at) < now() - $1 * interval '1 millisecond'
     order by max(created_at) limit $2`,
    [afterMs, limit],
  );
}

/**
 * Assembles a recording from its parts, dated like the last one. A recording that was saved in full meanwhile stays. False if there are
 * no parts.
 */
export async function finishRecording(
  db: Database,
  id: string,
  toFile: (audio: Uint8Array) => Pick<RecordingInput, 'mediaType' | 'durationMs' | 'audio'>,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const parts = await tx.query<{ call_id: string; audio: Buffer; created_at: Date }>(
      'select call_id, audio, created_at from recording_parts where recording_id = $1 order by part for update',
      [id],
    );
    const last = parts.at(-1);
    if (!last) return false;
    const { mediaType, durationMs, audio } = toFile(Buffer.concat(parts.map((part) => part.audio)));
    await tx.query(
      `insert into recordings (id, business_id, call_id, media_type, duration_ms, audio, created_at)
       values ($1, (select business_id from calls where id = $2), $2, $3, $4, $5, $6) on conflict (id) do nothing`,
      [id, last.call_id, mediaType, Math.round(durationMs), bufferOf(audio), last.created_at],
    );
    await tx.query('delete from recording_parts where recording_id = $1', [id]);
    return true;
  });
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
