import { FaqAgent } from './faq-agent.ts';
import type { Answer, FaqQuestion } from './answer.ts';
import type { Profile } from './profile/profile.ts';
import { MIN_SCORE } from './understanding/confidence.ts';

/** Why a text gets its answer. */
export interface Explanation {
  answer: Answer;
  /** Score of the best entry, 0 to 1. */
  score: number;
  /** From this score on, an entry answers. */
  threshold: number;
  /** The closest entries, best first. */
  candidates: ExplainedCandidate[];
  /** Terms of the text that no entry has. */
  unknownWords: string[];
  /** Set if a rule answered before the entries were searched: the pattern or the words that matched, or the kind of answer. */
  rule?: string;
}

interface ExplainedCandidate {
  question: string;
  score: number;
  /** Share of the text's terms that the entry has, 0 to 1. */
  coverage: number;
  matches: { word: string; with: string; how: string; weight: number }[];
}

const MAX_CANDIDATES = 10;
const agents = new WeakMap<Profile, FaqAgent>();

/** Answers from the profile alone, as a customer would be answered, and explains why. */
export function explain(profile: Profile, question: FaqQuestion): Explanation {
  const agent = agents.get(profile) ?? new FaqAgent(profile);
  agents.set(profile, agent);
  const { answer, rule, understanding } = agent.explain(question);
  const candidates = (understanding?.candidates ?? []).slice(0, MAX_CANDIDATES).map((candidate) => ({
    question: profile.faq[candidate.topic]?.question ?? profile.hours.questions[0] ?? '',
    score: candidate.score,
    coverage: candidate.coverage,
    matches: candidate.matches.map(({ word, key, weight }) => ({ word, ...describeKey(key), weight })),
  }));
  const [intent] = understanding?.intents ?? [];
  const isRule =
    !understanding || (answer.source !== 'faq' && answer.source !== 'hours' && answer.source !== 'unknown');
  return {
    answer,
    score: intent?.kind === 'topic' ? intent.score : (candidates[0]?.score ?? (intent ? 1 : 0)),
    threshold: MIN_SCORE,
    candidates,
    unknownWords: understanding?.unknownWords ?? [],
    ...(isRule && { rule: rule ?? answer.source }),
  };
}

/** Describes a key of the index: `#price`, `=visit` or `en:visit`. */
function describeKey(key: string): { with: string; how: string } {
  if (key.startsWith('#')) return { with: key.slice(1), how: 'means the same' };
  if (key.startsWith('=')) return { with: key.slice(1), how: 'same word' };
  return { with: key.slice(key.indexOf(':') + 1), how: 'same stem' };
}
