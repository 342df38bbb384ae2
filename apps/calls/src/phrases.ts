import { type Profile, Unspeakable, type Voice } from '@prosaas/agentkit';
import type { Logger } from '@prosaas/runtime';
import type { Phrase } from './media/conversation.ts';

const phrases: readonly Phrase[] = ['greeting', 'idle', 'thanks', 'goodbye'];

export interface Phrases {
  say(phrase: Phrase): Promise<Uint8Array | undefined>;
  /** Speaks every sentence once, so that no caller waits for one. */
  prepare(): Promise<void>;
  /** Those that the voice has no sounds for: a tone stands in for them. */
  unspoken(): Phrase[];
}

/** The fixed sentences of a call. The voice keeps what it has spoken; where it fails, a call goes on without words. */
export function callPhrases(profile: () => Profile, voice: Voice, log: Logger): Phrases {
  const unspoken = new Set<Phrase>();
  const say: Phrases['say'] = async (phrase) => {
    try {
      const audio = await voice.speak(profile().phone[phrase]);
      unspoken.delete(phrase);
      return audio;
    } catch (error) {
      // It may be slow, or start anew: what it has no sounds for it never speaks.
      if (error instanceof Unspeakable) unspoken.add(phrase);
      log.error({ err: error, phrase }, 'a sentence could not be spoken');
      return undefined;
    }
  };
  return {
    say,
    unspoken: () => [...unspoken],
    prepare: async () => {
      for (const phrase of phrases) await say(phrase);
    },
  };
}
