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

/** The voice has no sounds for a text, and never will. */
export class Unspeakable extends VoiceError {
  constructor() {
    super('the voice speaks English only: this text is in another script');
  }
}

const speakLimitMs = 20_000;
const textLimit = 1000;
/** Greetings and other fixed sentences are spoken again and again. 64 sentences of 10 s are 5 MB. */
const cachedSentences = 64;

interface Waiting {
  resolve(audio: Uint8Array): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export function createVoice(): Voice {
  const cache = new Map<string, Uint8Array>();
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let state: LoadState = 'cold';
  let loading: Promise<void> | undefined;
  let lastId = 0;
  let disposed = false;

  const settle = (id: number): Waiting | undefined => {
    const entry = waiting.get(id);
    waiting.delete(id);
    clearTimeout(entry?.timer);
    return entry;
  };

  const lose = (lost: Worker, error: Error): void => {
    if (worker !== lost) return;
    worker = undefined;
    if (!disposed) state = 'failed';
    for (const id of waiting.keys()) settle(id)?.reject(error);
    void lost.terminate();
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
      if (audio) settle(id)?.resolve(audio);
      else settle(id)?.reject(new VoiceError(error ?? 'nothing was spoken'));
    });
    started.on('error', (cause) => lose(started, new VoiceError('the speech engine failed', { cause })));
    started.on('exit', () => lose(started, new VoiceError('the speech engine ended')));
    return started;
  };

  const synthesize = (text: string): Promise<Uint8Array> => {
    if (disposed) return Promise.reject(new VoiceError('the voice is shut down'));
    const engine = (worker ??= start());
    const id = ++lastId;
    return new Promise<Uint8Array>((resolve, reject) => {
      const timer = setTimeout(
        () => lose(engine, new VoiceError('the speech engine took too long')),
        speakLimitMs,
      );
      waiting.set(id, { resolve, reject, timer });
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
      if (cache.size <= cachedSentences) break;
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
      const last = worker;
      if (last) lose(last, new VoiceError('the voice is shut down'));
      await last?.terminate();
    },
  };
}

/**
 * What the engine can read: Latin letters without accents, digits and punctuation. Empty where most letters of the text are others:
 * the name or the number that is left says nothing.
 */
export function speakable(text: string): string {
  // What is cut off after that makes up for characters that are left out or become several.
  const whole = cutText(text, 2 * textLimit).normalize('NFKD');
  const latin = whole
    .replaceAll(/[‘’]/g, "'")
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[^\x20-\x7e]/g, '')
    .trim();
  const isForeign = countOf(whole, /\p{L}/gu) > 2 * countOf(latin, /[a-z]/gi);
  return !isForeign && /[a-z0-9]/i.test(latin) ? latin.slice(0, textLimit) : '';
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
