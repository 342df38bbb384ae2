import { FaqAgent } from './faq-agent.ts';
import type { Answer, FaqQuestion } from './answer.ts';
import type { Profile } from './profile/profile.ts';
import { MIN_SCORE } from './understanding/confidence.ts';

/** Why a text gets its answer. */
export interface Explanation {
  answer: Answer;
  /** Of the best entry, 0 to 1. */
  score: number;
  /** From this score on an entry answers. */
  threshold: number;
  /** The entries that came near, the best first. */
  candidates: ExplainedCandidate[];
  /** Words that say something and that no entry knows. */
  unknownWords: string[];
  /** The rule that answers before any entry is looked at: the pattern or the words by which it applies, or its kind. */
  rule?: string;
}

interface ExplainedCandidate {
  question: string;
  score: number;
  /** The part of the text's words that the entry accounts for. */
  coverage: number;
  matches: { word: string; with: string; how: string; weight: number }[];
}

const MOST_CANDIDATES = 10;
const agents = new WeakMap<Profile, FaqAgent>();

/** Answers from the profile alone, as a customer would be answered, and tells why. */
export function explain(profile: Profile, question: FaqQuestion): Explanation {
  const agent = agents.get(profile) ?? new FaqAgent(profile);
  agents.set(profile, agent);
  const { answer, rule, understanding } = agent.explain(question);
  const candidates = (understanding?.candidates ?? []).slice(0, MOST_CANDIDATES).map((candidate) => ({
    question: profile.faq[candidate.topic]?.question ?? profile.hours.questions[0] ?? '',
    score: candidate.score,
    coverage: candidate.coverage,
    matches: candidate.matches.map(({ word, key, weight }) => ({ word, ...readKey(key), weight })),
  }));
  const [found] = understanding?.found ?? [];
  const isRule =
    !understanding || (answer.source !== 'faq' && answer.source !== 'hours' && answer.source !== 'unknown');
  return {
    answer,
    score: found?.kind === 'topic' ? found.score : (candidates[0]?.score ?? (found ? 1 : 0)),
    threshold: MIN_SCORE,
    candidates,
    unknownWords: understanding?.unknownWords ?? [],
    ...(isRule && { rule: rule ?? answer.source }),
  };
}

/** A key of the search in words: `#price`, `=visit`, `en:visit`. */
function readKey(key: string): { with: string; how: string } {
  if (key.startsWith('#')) return { with: key.slice(1), how: 'means the same' };
  if (key.startsWith('=')) return { with: key.slice(1), how: 'same word' };
  return { with: key.slice(key.indexOf(':') + 1), how: 'same stem' };
}
