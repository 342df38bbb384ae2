import { type Database, finishRecording, hasTable, listUnfinishedRecordings } from '@prosaas/database';
import type { SlotPool } from '@prosaas/leases';
import type { Logger } from '@prosaas/runtime';
import { bytesPerMs } from './media/message-recorder.ts';
import { muLawWav, wavMediaType } from './media/wav.ts';
import { repeatEvery } from './repeat-every.ts';

export interface CutOffMessagesOptions {
  db: Database;
  slots: SlotPool;
  /** Nothing was added to a message for so long. */
  afterMs: number;
  everyMs: number;
  log: Logger;
}

const atOnce = 20;

/**
 * Makes recordings of the messages whose process was killed while they were spoken. One that a process has in hand after all
 * is written in full by that process, whoever is first.
 */
export function watchCutOffMessages({ db, slots, afterMs, everyMs, log }: CutOffMessagesOptions): Disposable {
  let isMigrated = false;
  const look = async (): Promise<void> => {
    isMigrated ||= await hasTable(db, 'recording_parts');
    if (!isMigrated) return;
    for (const { recordingId, callId } of await listUnfinishedRecordings(db, { afterMs, limit: atOnce })) {
      if ((await slots.look(callId)) === 'held') continue;
      const isFinished = await finishRecording(db, recordingId, (audio) => ({
        mediaType: wavMediaType,
        durationMs: audio.length / bytesPerMs,
        audio: muLawWav(audio),
      }));
      if (isFinished) log.warn({ call_id: callId }, 'a message that was cut off is kept as far as it came');
    }
  };
  return repeatEvery(everyMs, look, (error) =>
    log.debug({ err: error }, 'cut off messages were not looked for; the next round tries again'),
  );
}
