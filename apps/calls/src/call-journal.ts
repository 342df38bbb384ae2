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

/** What is kept for a database that is away: minutes of calls, and half an hour of what callers said. */
const LIMITS = { entries: 5000, bytes: 32 * 1024 * 1024 };
const BYTES_OF_AN_EVENT = 500;

/** Writes down what happens to calls, in order, without ever holding a call up: a database that is away gets it later. */
export class CallJournal implements AsyncDisposable {
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
      lost: 'records of calls were not written',
      refused: 'a record of a call was refused',
    });
  }

  event(callSid: string, event: CallEvent, at: Date = new Date()): void {
    const write = (): Promise<unknown> =>
      this.#db.transaction(async (tx) => {
        const called = event.type === 'offered' ? event.to : undefined;
        const business = called === undefined ? DEFAULT_BUSINESS_ID : await businessOfNumber(tx, called);
        const initial = { id: callSid, business_id: business, status: 'queued', started_at: at };
        return changeCall(tx, initial, (call) => ({
          ...nextCall(call, event, at),
          timeline: nextTimeline(call.timeline, event, at),
          // What is told of a call may come before its offer, which alone names the number; the first offer stays.
          business_id: called !== undefined && call.to_number === null ? business : call.business_id,
        }));
      });
    this.#writes.add({ write, bytes: BYTES_OF_AN_EVENT, fields: { call_id: callSid } });
  }

  /** @param onOver it is written, or lost because too much waits; not called for one that PostgreSQL refuses */
  recordingPart(part: RecordingPart, onOver: () => void): void {
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

  recording(recording: RecordingInput): void {
    this.#writes.add({
      write: async () => saveRecording(this.#db, recording, { hasParts: await this.#hasParts() }),
      bytes: recording.audio.length,
      fields: { call_id: recording.callId },
    });
  }

  /** In a rolling upgrade this may run before the migration that makes the table of parts. */
  async #hasParts(): Promise<boolean> {
    this.#partsExist ||= await hasTable(this.#db, 'recording_parts');
    return this.#partsExist;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#writes[Symbol.asyncDispose]();
  }
}
