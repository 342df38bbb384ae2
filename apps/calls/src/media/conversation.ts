import type { CallTimings } from '../timings.ts';
import { beep } from './beep.ts';
import type { MediaStream } from './media-stream.ts';
import { type MessageEnd, MessageRecorder } from './message-recorder.ts';

/** A sentence of the call, ready to be played; undefined where the voice failed. */
export type Phrase = 'greeting' | 'idle' | 'thanks' | 'goodbye';

export interface Message {
  audio: Uint8Array;
  durationMs: number;
  endedBy: MessageEnd | 'key' | 'hang_up' | 'interrupted';
}

export interface ConversationOptions {
  stream: MediaStream;
  say: (phrase: Phrase) => Promise<Uint8Array | undefined>;
  timings: Pick<CallTimings, 'idleMs' | 'silenceMs' | 'maxMessageMs'>;
  /** Aborted when the call shall come to its end politely: its time is up, or the service stops. */
  wrapUp: AbortSignal;
  /** Called once for a message in which somebody spoke. */
  onMessage: (message: Message) => void;
}

const endKey = '#';

/** Greets, takes a message, says thank you and hangs up. Ends when the stream is over, and never throws for that. */
export async function converse(options: ConversationOptions): Promise<void> {
  const { stream, wrapUp, onMessage } = options;
  const never = new AbortController().signal;
  try {
    const saved = await takeMessage(options);
    if (saved) onMessage(saved);
    if (stream.over.aborted) return;
    await play(options, saved && !wrapUp.aborted ? 'thanks' : 'goodbye', never);
  } catch (error) {
    if (stream.over.aborted) return;
    if (!wrapUp.aborted) throw error;
    await play(options, 'goodbye', never).catch(() => undefined);
  } finally {
    stream.close();
  }
}

async function takeMessage(options: ConversationOptions): Promise<Message | undefined> {
  await playUntilKey(options, 'greeting');
  const first = await record(options);
  if (first || options.stream.over.aborted || options.wrapUp.aborted) return first;
  await playUntilKey(options, 'idle');
  return record(options);
}

async function play(
  { stream, say }: ConversationOptions,
  phrase: Phrase,
  signal: AbortSignal,
): Promise<void> {
  await stream.play((await say(phrase)) ?? beep, signal);
}

/** A key pressed while we speak cuts us short. */
async function playUntilKey(options: ConversationOptions, phrase: Phrase): Promise<void> {
  const key = new AbortController();
  options.stream.listener = { digit: () => key.abort() };
  try {
    await play(options, phrase, AbortSignal.any([key.signal, options.wrapUp]));
  } catch (error) {
    if (!key.signal.aborted || options.wrapUp.aborted || options.stream.over.aborted) throw error;
  } finally {
    options.stream.listener = {};
  }
}

/** The caller's words until they end; undefined when there were none. */
async function record({ stream, timings, wrapUp }: ConversationOptions): Promise<Message | undefined> {
  const recorder = new MessageRecorder(timings);
  const { promise, resolve } = Promise.withResolvers<Message['endedBy']>();
  stream.listener = {
    audio: (audio) => {
      const end = recorder.push(audio);
      if (end) resolve(end);
    },
    digit: (digit) => {
      if (digit === endKey) resolve('key');
    },
  };
  const hungUp = (): void => resolve('hang_up');
  const interrupted = (): void => resolve('interrupted');
  if (stream.over.aborted) hungUp();
  if (wrapUp.aborted) interrupted();
  stream.over.addEventListener('abort', hungUp, { once: true });
  wrapUp.addEventListener('abort', interrupted, { once: true });
  const endedBy = await promise;
  stream.listener = {};
  stream.over.removeEventListener('abort', hungUp);
  wrapUp.removeEventListener('abort', interrupted);
  if (!recorder.spoke) return undefined;
  return { audio: recorder.audio(), durationMs: recorder.durationMs, endedBy };
}
