import type { CallTimings } from '../timings.ts';
import { beep } from './beep.ts';
import { Ear } from './ear.ts';
import type { MediaStream } from './media-stream.ts';
import type { MessageEnd, MessageRecorder } from './message-recorder.ts';

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
  /** Called again and again while somebody speaks. */
  onSpeech: (soFar: MessageRecorder) => void;
  /** Called once for a message in which somebody spoke. */
  onMessage: (message: Message) => void;
}

const endKey = '#';
/** Who says less over the greeting said `hello?`, and has not heard what to do. */
const helloMs = 1000;
const never = new AbortController().signal;

/** Greets, takes a message, says thank you and hangs up. Ends when the stream is over, and never throws for that. */
export async function converse(options: ConversationOptions): Promise<void> {
  const { stream, timings, wrapUp, onSpeech, onMessage } = options;
  using ear = new Ear({ stream, limits: timings, onSpeech });
  const { recorder } = ear;
  try {
    const endedBy = await takeMessage(options, ear);
    if (recorder.spoke) onMessage({ audio: recorder.audio(), durationMs: recorder.durationMs, endedBy });
    ear[Symbol.dispose]();
    if (!stream.over.aborted)
      await play(options, recorder.spoke && !wrapUp.aborted ? 'thanks' : 'goodbye', never);
  } catch (error) {
    if (!stream.over.aborted) throw error;
  } finally {
    stream.close();
  }
}

async function takeMessage(options: ConversationOptions, ear: Ear): Promise<Message['endedBy']> {
  const cutBy = await announce(options, ear, 'greeting');
  const end = await listen(options, ear);
  const saidHello = cutBy === 'voice' && end === 'silence' && ear.recorder.speechMs < helloMs;
  if (end !== 'no_speech' && !saidHello) return end;
  await announce(options, ear, saidHello ? 'greeting' : 'idle');
  return listen(options, ear);
}

async function play(
  { stream, say }: ConversationOptions,
  phrase: Phrase,
  signal: AbortSignal,
): Promise<void> {
  await stream.play((await say(phrase)) ?? beep, signal);
}

/** A key, or the caller's voice, cuts us short; undefined where nobody did. */
async function announce(
  options: ConversationOptions,
  ear: Ear,
  phrase: Phrase,
): Promise<'key' | 'voice' | undefined> {
  const cut = new AbortController();
  ear.recorder.pause();
  ear.onHeard = (heard) => cut.abort(heard === 'voice' ? 'voice' : 'key');
  try {
    await play(options, phrase, AbortSignal.any([cut.signal, options.wrapUp]));
    return undefined;
  } catch (error) {
    if (!cut.signal.aborted && !options.wrapUp.aborted && !options.stream.over.aborted) throw error;
    return cut.signal.reason as 'key' | 'voice' | undefined;
  }
}

/** Until the caller's words end, or there were none. */
async function listen({ stream, wrapUp }: ConversationOptions, ear: Ear): Promise<Message['endedBy']> {
  const { promise, resolve } = Promise.withResolvers<Message['endedBy']>();
  ear.onHeard = (heard) => {
    if (typeof heard === 'object') {
      if (heard.key === endKey) resolve('key');
    } else if (heard !== 'voice') resolve(heard);
  };
  ear.recorder.listen();
  const hungUp = (): void => resolve('hang_up');
  const interrupted = (): void => resolve('interrupted');
  if (stream.over.aborted) hungUp();
  if (wrapUp.aborted) interrupted();
  stream.over.addEventListener('abort', hungUp, { once: true });
  wrapUp.addEventListener('abort', interrupted, { once: true });
  const endedBy = await promise;
  stream.over.removeEventListener('abort', hungUp);
  wrapUp.removeEventListener('abort', interrupted);
  return endedBy;
}
