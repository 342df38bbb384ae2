import type { SmallTalk } from './understanding/language.ts';

export interface HistoryEntry {
  direction: 'inbound' | 'outbound';
  text: string;
}

export type AnswerSource =
  | 'faq'
  | 'hours'
  | 'greeting'
  | 'small-talk'
  | 'hand-off'
  | 'opt-out'
  | 'opt-in'
  | 'unknown'
  | 'model';

export interface Answer {
  /** Empty for small talk that needs no answer. */
  text: string;
  /** Why a person should take over, if one should. */
  handOff?: 'asked' | 'complaint' | 'emergency' | 'not_understood' | undefined;
  source: AnswerSource;
  /** Set if the message is nothing but small talk of this kind. */
  smallTalk?: SmallTalk | undefined;
  /** The profile's language that the customer writes. Set if the profile has several: further texts to the customer are in it. */
  language?: string | undefined;
  /** The questions of the profile's entries that were answered, in order. */
  entries?: string[] | undefined;
  /** The profile's questions that were offered instead of an answer, in order. */
  offered?: string[] | undefined;
}

export interface FaqQuestion {
  text: string;
  history: readonly HistoryEntry[];
  now: Date;
  isOptedOut?: boolean;
}
