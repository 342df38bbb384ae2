import type { CallTimings } from '../timings.ts';
import { beep } from './beep.ts';
import { CallerListener } from './caller-listener.ts';
import type { MediaStream } from './media-stream.ts';
import type { MessageEnd, MessageRecorder } from './message-recorder.ts';

/** The fixed sentences of a call. */
export type Phrase = 'greeting' | 'idle' | 'thanks' | 'goodbye';

export interface Message {
  audio: Uint8Array;
  durationMs: number;
  endedBy: MessageEnd | 'key' | 'hang_up' | 'interrupted';
}

export interface ConversationOptions {
  stream: MediaStream;
  /** The audio of a phrase; undefined if the voice failed. */
  say: (phrase: Phrase) => Promise<Uint8Array | undefined>;
  timings: Pick<CallTimings, 'idleMs' | 'silenceMs' | 'maxMessageMs'>;
  /** Aborts when the call must end with the goodbye: its time is up, or the service stops. */
  wrapUp: AbortSignal;
  /** Called after each frame once the caller has spoken. */
  onSpeech: (soFar: MessageRecorder) => void;
  /** Called once if the caller has spoken. */
  onMessage: (message: Message) => void;
}

const END_KEY = '#';
/** A caller who interrupts the greeting with less speech probably said `hello?`, and hears the greeting again. */
const HELLO_MS = 1000;
const NEVER = new AbortController().signal;

/** Greets, records a message, thanks and hangs up. Resolves early, without an error, when the stream ends. */
export async function converse(options: ConversationOptions): Promise<void> {
  const { stream, timings, wrapUp, onSpeech, onMessage } = options;
  using caller = new CallerListener({ stream, limits: timings, onSpeech });
  const { recorder } = caller;
  try {
    const endedBy = await takeMessage(options, caller);
    if (recorder.spoke) onMessage({ audio: recorder.audio(), durationMs: recorder.durationMs, endedBy });
    caller[Symbol.dispose]();
    if (!stream.over.aborted)
      await play(options, recorder.spoke && !wrapUp.aborted ? 'thanks' : 'goodbye', { signal: NEVER });
  } catch (error) {
    if (!stream.over.aborted) throw error;
  } finally {
    stream.close();
  }
}

async function takeMessage(
  options: ConversationOptions,
  caller: CallerListener,
): Promise<Message['endedBy']> {
  const { interruptedBy, endedBy } = await ask(options, caller, 'greeting');
  const saidHello = interruptedBy === 'voice' && endedBy === 'silence' && caller.recorder.speechMs < HELLO_MS;
  if (endedBy !== 'no_speech' && !saidHello) return endedBy;
  return (await ask(options, caller, saidHello ? 'greeting' : 'idle')).endedBy;
}

async function play(
  { stream, say }: ConversationOptions,
  phrase: Phrase,
  { signal, onHeard }: { signal: AbortSignal; onHeard?: () => void },
): Promise<void> {
  await stream.play((await say(phrase)) ?? beep, signal, onHeard);
}

interface Answer {
  /** What interrupted the phrase, if anything. */
  interruptedBy: 'key' | 'voice' | undefined;
  endedBy: Message['endedBy'];
}

/** Plays a phrase, which a key or the caller's voice interrupts, and then listens until the caller's message ends. */
async function ask(options: ConversationOptions, caller: CallerListener, phrase: Phrase): Promise<Answer> {
  const { stream, wrapUp } = options;
  const cut = new AbortController();
  const turn = callerTurn(options, caller);
  caller.recorder.pause();
  // Begin the turn at once, here and below: the next frame may be in the same packet.
  caller.onInput = (input) => {
    cut.abort(input === 'voice' ? 'voice' : 'key');
    turn.begin();
  };
  try {
    await play(options, phrase, {
      signal: AbortSignal.any([cut.signal, wrapUp]),
      onHeard: turn.begin,
    });
  } catch (error) {
    if (!cut.signal.aborted && !wrapUp.aborted && !stream.over.aborted) throw error;
  }
  turn.begin();
  return { interruptedBy: cut.signal.reason as Answer['interruptedBy'], endedBy: await turn.ended };
}

/** Listens to the caller from the first call of `begin` on; further calls do nothing. */
function callerTurn(
  { stream, wrapUp }: ConversationOptions,
  caller: CallerListener,
): { begin: () => void; ended: Promise<Message['endedBy']> } {
  const { promise, resolve } = Promise.withResolvers<Message['endedBy']>();
  const endBy = (signal: AbortSignal, endedBy: Message['endedBy']): void => {
    if (signal.aborted) resolve(endedBy);
    else signal.addEventListener('abort', () => resolve(endedBy), { once: true });
  };
  let hasBegun = false;
  const begin = (): void => {
    if (hasBegun) return;
    hasBegun = true;
    caller.onInput = (input) => {
      if (typeof input === 'object') {
        if (input.key === END_KEY) resolve('key');
      } else if (input !== 'voice') resolve(input);
    };
    caller.recorder.listen();
    endBy(stream.over, 'hang_up');
    endBy(wrapUp, 'interrupted');
  };
  return { begin, ended: promise };
}
