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
      await play(options, recorder.spoke && !wrapUp.aborted ? 'thanks' : 'goodbye', { signal: never });
  } catch (error) {
    if (!stream.over.aborted) throw error;
  } finally {
    stream.close();
  }
}

async function takeMessage(options: ConversationOptions, ear: Ear): Promise<Message['endedBy']> {
  const { cutBy, endedBy } = await ask(options, ear, 'greeting');
  const saidHello = cutBy === 'voice' && endedBy === 'silence' && ear.recorder.speechMs < helloMs;
  if (endedBy !== 'no_speech' && !saidHello) return endedBy;
  return (await ask(options, ear, saidHello ? 'greeting' : 'idle')).endedBy;
}

async function play(
  { stream, say }: ConversationOptions,
  phrase: Phrase,
  { signal, onHeard }: { signal: AbortSignal; onHeard?: () => void },
): Promise<void> {
  await stream.play((await say(phrase)) ?? beep, signal, onHeard);
}

interface Answer {
  /** Who cut us short, where somebody did. */
  cutBy: 'key' | 'voice' | undefined;
  endedBy: Message['endedBy'];
}

/** Plays a sentence, which a key or the caller's voice cuts short, and listens until the caller's words end. */
async function ask(options: ConversationOptions, ear: Ear, phrase: Phrase): Promise<Answer> {
  const { stream, wrapUp } = options;
  const cut = new AbortController();
  const turn = callersTurn(options, ear);
  ear.recorder.pause();
  // The turn begins at once, here and below: what follows may lie in the same packet.
  ear.onHeard = (heard) => {
    cut.abort(heard === 'voice' ? 'voice' : 'key');
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
  return { cutBy: cut.signal.reason as Answer['cutBy'], endedBy: await turn.ended };
}

/** Begins once, however often it is asked to. */
function callersTurn(
  { stream, wrapUp }: ConversationOptions,
  ear: Ear,
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
    ear.onHeard = (heard) => {
      if (typeof heard === 'object') {
        if (heard.key === endKey) resolve('key');
      } else if (heard !== 'voice') resolve(heard);
    };
    ear.recorder.listen();
    endBy(stream.over, 'hang_up');
    endBy(wrapUp, 'interrupted');
  };
  return { begin, ended: promise };
}
