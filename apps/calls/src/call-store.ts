import {
  type Database,
  DEFAULT_BUSINESS_ID,
  DeferredWrites,
  type RecordingInput,
  type RecordingPart,
  businessOfNumber,
  changeCall,
  hasTable,
  saveRecording,
  saveRecordingPart,
} from '@prosaas/database';
import type { Logger } from '@prosaas/runtime';
import { type CallEvent, nextCall } from './call-state.ts';
import { nextTimeline } from './call-timeline.ts';

/** Writes kept in memory while the database is away: minutes of call events, and half an hour of audio, which is stored in parts and in full. */
const LIMITS = { entries: 5000, bytes: 32 * 1024 * 1024 };
const EVENT_BYTES = 500;

/** Stores call events and recordings, in order and without holding a call up. While the database is away they wait in memory. */
export class CallStore implements AsyncDisposable {
  readonly #db: Database;
  readonly #writes: DeferredWrites;
  #partsExist = false;

  constructor({ db, log }: { db: Database; log: Logger }) {
    this.#db = db;
    this.#writes = new DeferredWrites({
      log,
      limits: LIMITS,
      outage: {
        waiting: 'records of calls cannot be written yet',
        begins: 'records of calls cannot be written; they wait',
        ends: 'records of calls are written again',
      },
      full: 'the database is away for too long: records of calls are lost from now on',
      lost: 'records of calls were lost',
      refused: 'PostgreSQL refused a record of a call; it was dropped',
    });
  }

  recordEvent(callSid: string, event: CallEvent, at: Date = new Date()): void {
    const write = (): Promise<unknown> =>
      this.#db.transaction(async (tx) => {
        const called = event.type === 'offered' ? event.to : undefined;
        const business = called === undefined ? DEFAULT_BUSINESS_ID : await businessOfNumber(tx, called);
        const initial = { id: callSid, business_id: business, status: 'queued', started_at: at };
        return changeCall(tx, initial, (call) => ({
          ...nextCall(call, event, at),
          timeline: nextTimeline(call.timeline, event, at),
          // Other events may come before the offer, which alone has the called number. The first offer decides.
          business_id: called !== undefined && call.to_number === null ? business : call.business_id,
        }));
      });
    this.#writes.add({ write, bytes: EVENT_BYTES, fields: { call_id: callSid } });
  }

  /** @param onOver called when the part is written, or dropped because too much waits; not if PostgreSQL refuses it */
  saveRecordingPart(part: RecordingPart, onOver: () => void): void {
    const isKept = this.#writes.add({
      write: async () => {
        if (await this.#hasParts()) await saveRecordingPart(this.#db, part);
        onOver();
      },
      bytes: part.audio.length,
      fields: { call_id: part.callId },
    });
    if (!isKept) onOver();
  }

  saveRecording(recording: RecordingInput): void {
    this.#writes.add({
      write: async () => saveRecording(this.#db, recording, { hasParts: await this.#hasParts() }),
      bytes: recording.audio.length,
      fields: { call_id: recording.callId },
    });
  }

  /** During a rolling upgrade the migration that creates the table of parts may not have run yet. */
  async #hasParts(): Promise<boolean> {
    this.#partsExist ||= await hasTable(this.#db, 'recording_parts');
    return this.#partsExist;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#writes[Symbol.asyncDispose]();
  }
}
