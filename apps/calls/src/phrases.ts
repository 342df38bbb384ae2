import type { Profile, Voice } from '@prosaas/agentkit';
import type { Logger } from '@prosaas/runtime';
import type { Phrase } from './media/conversation.ts';

const phrases: readonly Phrase[] = ['greeting', 'idle', 'thanks', 'goodbye'];

export interface Phrases {
  say(phrase: Phrase): Promise<Uint8Array | undefined>;
  /** Speaks every sentence once, so that no caller waits for one. */
  prepare(): Promise<void>;
}

/** The fixed sentences of a call. The voice keeps what it has spoken; where it fails, a call goes on without words. */
export function callPhrases(profile: Profile, voice: Voice, log: Logger): Phrases {
  const say: Phrases['say'] = async (phrase) => {
    try {
      return await voice.speak(profile.phone[phrase]);
    } catch (error) {
      log.error({ err: error, phrase }, 'a sentence could not be spoken');
      return undefined;
    }
  };
  return {
    say,
    prepare: async () => {
      for (const phrase of phrases) await say(phrase);
    },
  };
}
