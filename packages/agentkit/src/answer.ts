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
  /** Empty: small talk that needs no answer. */
  text: string;
  /** Why a person should take over, if one should. */
  handOff?: 'asked' | 'complaint' | 'emergency' | 'not_understood' | undefined;
  source: AnswerSource;
  /** Of what kind, where the message is nothing else. */
  smallTalk?: SmallTalk | undefined;
  /** The language that the customer writes, one of the profile's: further texts to the customer are in it. */
  language?: string | undefined;
  /** The questions of the profile's entries that were answered, in order. */
  entries?: string[] | undefined;
  /** The questions that were offered instead of an answer, in order. */
  offered?: string[] | undefined;
}

export interface FaqQuestion {
  text: string;
  history: readonly HistoryEntry[];
  now: Date;
  isOptedOut?: boolean;
}
