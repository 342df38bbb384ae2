import { Worker } from 'node:worker_threads';
import { cutText } from '@prosaas/runtime';
import type { LoadState } from './agent.ts';

export interface VoiceStatus {
  state: LoadState;
}

/** Speech without a network. English only. */
export interface Voice extends AsyncDisposable {
  /** Starts the engine and speaks once. Repeated and simultaneous calls load once. */
  load(): Promise<void>;
  status(): VoiceStatus;
  /** mu-law at 8 kHz, without a header. @throws VoiceError, or the signal's reason. */
  speak(text: string, signal?: AbortSignal): Promise<Uint8Array>;
}

export class VoiceError extends Error {
  readonly code = 'VOICE_FAILED';
  override readonly name = 'VoiceError';
}

/** The voice cannot speak this text. Trying again does not help. */
export class Unspeakable extends VoiceError {
  constructor() {
    super('the voice speaks English only: this text is in another script');
  }
}

const SPEAK_TIMEOUT_MS = 20_000;
const MAX_TEXT_LENGTH = 1000;
/** Greetings and other fixed sentences are spoken often. 64 sentences of 10 s take 5 MB. */
const MAX_CACHED_SENTENCES = 64;

interface PendingRequest {
  resolve(audio: Uint8Array): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export function createVoice(): Voice {
  const cache = new Map<string, Uint8Array>();
  const pending = new Map<number, PendingRequest>();
  let worker: Worker | undefined;
  let state: LoadState = 'cold';
  let loading: Promise<void> | undefined;
  let lastId = 0;
  let disposed = false;

  const takePending = (id: number): PendingRequest | undefined => {
    const entry = pending.get(id);
    pending.delete(id);
    clearTimeout(entry?.timer);
    return entry;
  };

  const discardWorker = (discarded: Worker, error: Error): void => {
    if (worker !== discarded) return;
    worker = undefined;
    if (!disposed) state = 'failed';
    for (const id of pending.keys()) takePending(id)?.reject(error);
    void discarded.terminate();
  };

  const start = (): Worker => {
    const fromSource = import.meta.url.endsWith('.ts');
    const file = fromSource
      ? new URL('./voice-worker.ts', import.meta.url)
      : new URL('./voice-worker.js', import.meta.url);
    const started = new Worker(file, {
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 64 },
    });
    started.stderr.resume();
    started.unref();
    started.on('message', ({ id, audio, error }: { id: number; audio?: Uint8Array; error?: string }) => {
      if (audio) takePending(id)?.resolve(audio);
      else takePending(id)?.reject(new VoiceError(error ?? 'nothing was spoken'));
    });
    started.on('error', (cause) =>
      discardWorker(started, new VoiceError('the speech engine failed', { cause })),
    );
    started.on('exit', () => discardWorker(started, new VoiceError('the speech engine ended')));
    return started;
  };

  const synthesize = (text: string): Promise<Uint8Array> => {
    if (disposed) return Promise.reject(new VoiceError('the voice is shut down'));
    const engine = (worker ??= start());
    const id = ++lastId;
    return new Promise<Uint8Array>((resolve, reject) => {
      const timer = setTimeout(
        () => discardWorker(engine, new VoiceError('the speech engine took too long')),
        SPEAK_TIMEOUT_MS,
      );
      pending.set(id, { resolve, reject, timer });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
      engine.postMessage({ id, text });
    });
  };

  const speak = async (text: string, signal?: AbortSignal): Promise<Uint8Array> => {
    signal?.throwIfAborted();
    const spoken = speakable(text);
    if (spoken === '') throw new Unspeakable();
    const known = cache.get(spoken);
    if (known) {
      cache.delete(spoken);
      cache.set(spoken, known);
      return known;
    }
    const audio = await (signal ? abortable(synthesize(spoken), signal) : synthesize(spoken));
    cache.set(spoken, audio);
    for (const oldest of cache.keys()) {
      if (cache.size <= MAX_CACHED_SENTENCES) break;
      cache.delete(oldest);
    }
    state = 'warm';
    return audio;
  };

  const load = async (): Promise<void> => {
    state = 'loading';
    try {
      await speak('Hello.');
      state = 'warm';
    } catch (error) {
      state = 'failed';
      throw error;
    }
  };

  return {
    load: () => {
      if (state === 'warm') return Promise.resolve();
      loading ??= load().finally(() => (loading = undefined));
      return loading;
    },
    status: () => ({ state }),
    speak,
    [Symbol.asyncDispose]: async () => {
      disposed = true;
      state = 'cold';
      const current = worker;
      if (current) discardWorker(current, new VoiceError('the voice is shut down'));
      await current?.terminate();
    },
  };
}

/**
 * The part of a text that the engine can read: Latin letters without accents, digits and punctuation. Empty if most letters are of
 * another script, because a name or a number that remains makes no sense alone.
 */
export function speakable(text: string): string {
  // Cut at twice the limit, because characters are removed or become several before the text is cut to the limit.
  const whole = cutText(text, 2 * MAX_TEXT_LENGTH).normalize('NFKD');
  const latin = whole
    .replaceAll(/[‘’]/g, "'")
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[^\x20-\x7e]/g, '')
    .trim();
  const isForeign = countOf(whole, /\p{L}/gu) > 2 * countOf(latin, /[a-z]/gi);
  return !isForeign && /[a-z0-9]/i.test(latin) ? latin.slice(0, MAX_TEXT_LENGTH) : '';
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
