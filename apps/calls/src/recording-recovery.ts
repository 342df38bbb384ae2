import { type Database, finishRecording, hasTable, listUnfinishedRecordings } from '@prosaas/database';
import type { SlotPool } from '@prosaas/leases';
import type { Logger } from '@prosaas/runtime';
import { BYTES_PER_MS } from './media/message-recorder.ts';
import { muLawWav, WAV_MEDIA_TYPE } from './media/wav.ts';
import { repeatEvery } from './repeat-every.ts';

export interface RecordingRecoveryOptions {
  db: Database;
  slots: SlotPool;
  /** A message counts as cut off if nothing was added for so long. */
  afterMs: number;
  everyMs: number;
  log: Logger;
}

const BATCH = 20;

/**
 * Periodically makes recordings from the stored parts of messages whose process was killed while they were recorded. If the process lives
 * after all, it stores the full recording, before or afterwards.
 */
export function startRecordingRecovery({
  db,
  slots,
  afterMs,
  everyMs,
  log,
}: RecordingRecoveryOptions): Disposable {
  let isMigrated = false;
  const recover = async (): Promise<void> => {
    isMigrated ||= await hasTable(db, 'recording_parts');
    if (!isMigrated) return;
    for (const { recordingId, callId } of await listUnfinishedRecordings(db, { afterMs, limit: BATCH })) {
      if ((await slots.look(callId)) === 'held') continue;
      const isFinished = await finishRecording(db, recordingId, (audio) => ({
        mediaType: WAV_MEDIA_TYPE,
        durationMs: audio.length / BYTES_PER_MS,
        audio: muLawWav(audio),
      }));
      if (isFinished)
        log.warn({ call_id: callId }, 'recovered the recorded part of a message that was cut off');
    }
  };
  return repeatEvery(everyMs, recover, (error) =>
    log.debug({ err: error }, 'cut-off messages could not be recovered; the next round tries again'),
  );
}
