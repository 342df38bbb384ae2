import { type Profile, Unspeakable, type Voice } from '@prosaas/agentkit';
import type { Logger } from '@prosaas/runtime';
import type { Phrase } from './media/conversation.ts';

const phrases: readonly Phrase[] = ['greeting', 'idle', 'thanks', 'goodbye'];

export interface Phrases {
  say(phrase: Phrase): Promise<Uint8Array | undefined>;
  /** Synthesizes every phrase once, so that no caller waits for one. */
  prepare(): Promise<void>;
  /** Phrases that the voice cannot speak, for which a tone is played. */
  unspoken(): Phrase[];
}

/** Synthesizes the phrases of a call. The voice caches the audio. A call goes on without a phrase that fails. */
export function callPhrases(profile: () => Profile, voice: Voice, log: Logger): Phrases {
  const unspoken = new Set<Phrase>();
  const say: Phrases['say'] = async (phrase) => {
    try {
      const audio = await voice.speak(profile().phone[phrase]);
      unspoken.delete(phrase);
      return audio;
    } catch (error) {
      // Other failures, such as a slow or restarting voice, are temporary.
      if (error instanceof Unspeakable) unspoken.add(phrase);
      log.error({ err: error, phrase }, 'a phrase could not be spoken');
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
