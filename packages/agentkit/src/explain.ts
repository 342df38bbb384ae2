import { type Answer, FaqAgent, type FaqQuestion } from './faq-agent.ts';
import type { Profile } from './profile/profile.ts';

/** Why a text gets its answer. */
export interface Explanation {
  answer: Answer;
  /** Of the best entry, 0 to 1. */
  score: number;
  /** From this score on an entry answers. */
  threshold: number;
  /** The entries that came near, the best first. */
  candidates: Candidate[];
  /** Words that say something and that no entry knows. */
  unknownWords: string[];
  /** The rule that answers before any entry is looked at. */
  rule?: string;
}

interface Candidate {
  question: string;
  score: number;
  /** The part of the text's words that the entry accounts for. */
  coverage: number;
  matches: { word: string; with: string; how: string; weight: number }[];
}

const agents = new WeakMap<Profile, FaqAgent>();

/** Answers from the profile alone, as a customer would be answered, and tells why. */
export function explain(profile: Profile, question: FaqQuestion): Explanation {
  const agent = agents.get(profile) ?? new FaqAgent(profile);
  agents.set(profile, agent);
  const answer = agent.answer(question);
  const entries =
    answer.source === 'faq'
      ? profile.faq.filter((entry) => answer.text.includes(entry.answer)).map((entry) => entry.question)
      : [];
  return {
    answer: entries.length > 0 ? { entries: entries.slice(0, 1), ...answer } : answer,
    score: answer.source === 'faq' || answer.source === 'hours' ? 1 : 0,
    threshold: 0.5,
    candidates: [],
    unknownWords: [],
    ...(answer.source !== 'faq' &&
      answer.source !== 'hours' &&
      answer.source !== 'unknown' && { rule: answer.source }),
  };
}
