import { truncateQuestion } from './question-limits.ts';
import { detectLanguages } from './understanding/analysis.ts';
import { words } from './understanding/fold.ts';
import { loadLanguages } from './understanding/language-reader.ts';

/** Words of a question that are part of its key. */
const MAX_KEY_WORDS = 12;
const MAX_KEY_WORD_LENGTH = 40;
/** From this Sørensen-Dice coefficient of their words on, two keys ask the same. */
const MIN_SIMILARITY = 0.7;

/**
 * The sorted stems of a question, without its stop words: questions with the same key are one group. Undefined for a text without a word
 * of at least two letters, which nothing can be learned from.
 */
export function questionKey(text: string): string | undefined {
  const tokens = words(truncateQuestion(text));
  if (!tokens.some((word) => /\p{L}{2}/u.test(word))) return undefined;
  const spoken = detectLanguages(tokens, loadLanguages());
  const keywords = tokens.filter(
    (word) => word.length > 1 && !spoken.some((language) => language.isStopWord(word)),
  );
  const [language] = spoken;
  const stems = (keywords.length > 0 ? keywords : tokens)
    .filter((word) => word.length <= MAX_KEY_WORD_LENGTH)
    .map((word) => language?.lemmaKeys(word)[0]?.split(':')[1] ?? word);
  const kept = [...new Set(stems)].slice(0, MAX_KEY_WORDS);
  return kept.length === 0 ? undefined : kept.toSorted().join(' ');
}

/**
 * Merges groups of questions whose keys are similar and whose `set` is the same.
 * @param groups heaviest first. Each joins the first group before it that it is similar to, or starts a merged group as its leader.
 */
export function mergeSimilar<T extends { key: string; set: string }>(groups: readonly T[]): T[][] {
  const merged: T[][] = [];
  /** Positions of the merged groups whose leader has a stem. */
  const groupsByStem = new Map<string, number[]>();
  const leaderSizes: number[] = [];
  for (const group of groups) {
    const stems = group.key.split(' ').map((word) => `${group.set} ${word}`);
    const sharedStems = new Map<number, number>();
    for (const stem of stems)
      for (const at of groupsByStem.get(stem) ?? []) sharedStems.set(at, (sharedStems.get(at) ?? 0) + 1);
    const similar = [...sharedStems]
      .filter(([at, count]) => (2 * count) / (stems.length + (leaderSizes[at] ?? 0)) >= MIN_SIMILARITY)
      .map(([at]) => at);
    if (similar.length > 0) {
      merged[Math.min(...similar)]?.push(group);
      continue;
    }
    for (const stem of stems) {
      const groupsOfStem = groupsByStem.get(stem);
      if (groupsOfStem) groupsOfStem.push(merged.length);
      else groupsByStem.set(stem, [merged.length]);
    }
    leaderSizes.push(stems.length);
    merged.push([group]);
  }
  return merged;
}
