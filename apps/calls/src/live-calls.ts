import type { SlotPool } from '@prosaas/leases';
import type { Logger } from '@prosaas/runtime';
import type { CallCloser } from './call-closer.ts';
import type { CallStore } from './call-store.ts';
import type { CallOutcome, CallStep } from './call-state.ts';
import { type Phrase, converse } from './media/conversation.ts';
import type { MediaStream, StreamEnd } from './media/media-stream.ts';
import { RecordingWriter } from './recording-writer.ts';
import type { CallTimings } from './timings.ts';

export interface LiveCallsOptions {
  slots: SlotPool;
  closer: CallCloser;
  callStore: CallStore;
  say: (phrase: Phrase) => Promise<Uint8Array | undefined>;
  timings: CallTimings;
  log: Logger;
}

interface LiveCall {
  stream: MediaStream;
  wrapUp: AbortController;
  done: Promise<void>;
}

/** The calls whose media streams are connected to this process. */
export class LiveCalls {
  readonly #options: LiveCallsOptions;
  readonly #calls = new Map<string, LiveCall>();

  constructor(options: LiveCallsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#calls.size;
  }

  has(callSid: string): boolean {
    return this.#calls.has(callSid);
  }

  /** Runs the conversation until the call is over. */
  start(callSid: string, stream: MediaStream): void {
    const wrapUp = new AbortController();
    const done = this.#run(callSid, stream, wrapUp).finally(() => this.#calls.delete(callSid));
    this.#calls.set(callSid, { stream, wrapUp, done });
  }

  /** Ends the media stream of a call that is over, as the provider says. */
  endStream(callSid: string): void {
    this.#calls.get(callSid)?.stream.close();
  }

  /** Lets live calls finish. Those that take too long get the goodbye. */
  async drain(): Promise<void> {
    const { drainMs, farewellMs } = this.#options.timings;
    await this.#settled(drainMs);
    for (const { wrapUp } of this.#calls.values()) wrapUp.abort(new Error('the service stops'));
    await this.#settled(farewellMs);
    for (const { stream } of this.#calls.values()) stream.close();
    await this.#settled(1000);
  }

  async #settled(limitMs: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const limit = new AbortController();
    const timer = setTimeout(() => {
      limit.abort();
      late.resolve();
    }, limitMs);
    // Calls that were accepted earlier may still start.
    while (this.#calls.size > 0 && !limit.signal.aborted) {
      await Promise.race([Promise.all([...this.#calls.values()].map((call) => call.done)), late.promise]);
    }
    clearTimeout(timer);
  }

  async #run(callSid: string, stream: MediaStream, wrapUp: AbortController): Promise<void> {
    const { closer, callStore, say, timings } = this.#options;
    const log = this.#options.log.child({ call_id: callSid });
    const tooLong = setTimeout(() => wrapUp.abort(new Error('the call took too long')), timings.maxCallMs);
    const renewal = setInterval(() => void this.#renew(callSid, stream, log), timings.renewEveryMs);
    let hasFailed = false;
    let hasSpoken = false;
    const note = (step: CallStep, detail?: string): void =>
      callStore.recordEvent(callSid, { type: 'step', step, ...(detail !== undefined && { detail }) });
    callStore.recordEvent(callSid, { type: 'answered' });
    try {
      const recording = new RecordingWriter({ callStore, callId: callSid, log });
      await converse({
        stream,
        say(phrase) {
          note(phrase);
          return say(phrase);
        },
        timings,
        wrapUp: wrapUp.signal,
        onSpeech(soFar) {
          if (!hasSpoken) note('speech');
          hasSpoken = true;
          recording.grow(soFar);
        },
        onMessage(message) {
          note('message', message.endedBy);
          recording.finish(message);
        },
      });
    } catch (error) {
      hasFailed = true;
      log.error({ err: error }, 'a call failed');
    } finally {
      clearTimeout(tooLong);
      clearInterval(renewal);
    }
    const reason = hasFailed ? 'fault' : (stream.end ?? 'finished');
    log.info({ reason }, 'a call ended');
    closer.close(callSid, { outcome: hasFailed ? 'error' : outcomeOf(stream.end ?? 'finished'), reason });
  }

  /** Renews the slot's lease if the provider was active since the last time. The lease of a dead socket expires. */
  async #renew(callSid: string, stream: MediaStream, log: Logger): Promise<void> {
    try {
      const providerEnd = await this.#options.closer.providerEndOf(callSid);
      if (providerEnd) {
        this.#options.closer.close(callSid, providerEnd);
        stream.close();
        return;
      }
      if (!stream.takeActivity()) return;
      const state = await this.#options.slots.renew(callSid);
      if (state === 'released') stream.close();
      if (state === 'lost') log.warn('the slot of a live call has expired; the call goes on');
    } catch (error) {
      log.debug({ err: error }, 'the slot of a live call was not renewed; the next round tries again');
    }
  }
}

function outcomeOf(end: StreamEnd): CallOutcome {
  return end === 'finished' || end === 'caller_hung_up' ? 'completed' : 'error';
}
