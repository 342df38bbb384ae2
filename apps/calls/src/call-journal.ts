import {
  type Database,
  DEFAULT_BUSINESS_ID,
  type RecordingInput,
  businessOfNumber,
  changeCall,
  classifyDatabaseError,
  saveRecording,
} from '@prosaas/database';
import { type Logger, type TroubleLog, backoff, errorReason, troubleOf } from '@prosaas/runtime';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallEvent, nextCall } from './call-state.ts';

interface Entry {
  callSid: string;
  bytes: number;
  write: () => Promise<unknown>;
}

/** What is kept for a database that is away: minutes of calls, and half an hour of what callers said. */
const entryLimit = 5000;
const byteLimit = 32 * 1024 * 1024;
const flushMs = 3000;
const bytesOfAnEvent = 500;

/** Writes down what happens to calls, in order, without ever holding a call up: a database that is away gets it later. */
export class CallJournal implements AsyncDisposable {
  readonly #db: Database;
  readonly #log: Logger;
  readonly #entries: Entry[] = [];
  readonly #stop = new AbortController();
  #bytes = 0;
  #working: Promise<void> | undefined;
  readonly #trouble: TroubleLog;

  constructor({ db, log }: { db: Database; log: Logger }) {
    this.#db = db;
    this.#log = log;
    this.#trouble = troubleOf(log, {
      waiting: 'records of calls cannot be written yet',
      begins: 'records of calls cannot be written; they wait',
      ends: 'records of calls are written again',
    });
    // Calls come when they come: a record that fails is no wait of the start.
    this.#trouble.worked();
  }

  event(callSid: string, event: CallEvent, at: Date = new Date()): void {
    const write = (): Promise<unknown> =>
      this.#db.transaction(async (tx) => {
        const called = event.type === 'offered' ? event.to : undefined;
        const business = called === undefined ? DEFAULT_BUSINESS_ID : await businessOfNumber(tx, called);
        const initial = { id: callSid, business_id: business, status: 'queued', started_at: at };
        return changeCall(tx, initial, (call) => ({
          ...nextCall(call, event, at),
          // What is told of a call may come before its offer, which alone names the number; the first offer stays.
          business_id: called !== undefined && call.to_number === null ? business : call.business_id,
        }));
      });
    this.#add({ callSid, bytes: bytesOfAnEvent, write });
  }

  recording(recording: RecordingInput): void {
    this.#add({
      callSid: recording.callId,
      bytes: recording.audio.length,
      write: () => saveRecording(this.#db, recording),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const late = Promise.withResolvers<void>();
    const limit = setTimeout(late.resolve, flushMs);
    // A statement that hangs has a longer time limit than a service that stops.
    await Promise.race([this.#working, late.promise]);
    clearTimeout(limit);
    this.#stop.abort();
    if (this.#entries.length > 0)
      this.#log.error({ lost: this.#entries.length }, 'records of calls were not written');
  }

  #add(entry: Entry): void {
    if (this.#entries.length >= entryLimit || this.#bytes + entry.bytes > byteLimit) {
      this.#log.error(
        { call_id: entry.callSid },
        'the database is away for too long: a record of a call is lost',
      );
      return;
    }
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  async #work(): Promise<void> {
    for (let entry = this.#entries[0]; entry && !this.#stop.signal.aborted; entry = this.#entries[0]) {
      await this.#write(entry);
      if (this.#stop.signal.aborted) return;
    }
  }

  /** Until it is written, or can never be. */
  async #write(entry: Entry): Promise<void> {
    for (let attempt = 1; !this.#stop.signal.aborted; attempt++) {
      try {
        await entry.write();
        this.#trouble.worked();
        break;
      } catch (error) {
        if (isRefused(error)) {
          this.#log.error(
            { ...errorReason(error), call_id: entry.callSid },
            'a record of a call was refused',
          );
          break;
        }
        this.#trouble.failed(error);
        await sleep(backoff({ baseMs: 200, maxMs: 2000 }, attempt), undefined, {
          signal: this.#stop.signal,
        }).catch(() => undefined);
        if (this.#stop.signal.aborted) return;
      }
    }
    this.#entries.shift();
    this.#bytes -= entry.bytes;
  }
}

/** Data that PostgreSQL can never store, or of a call that was erased meanwhile. */
function isRefused(error: unknown): boolean {
  const kind = classifyDatabaseError(error)?.kind;
  return kind === 'invalid_data' || kind === 'conflict';
}
