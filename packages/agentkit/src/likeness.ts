import { lookedAt } from './question-limits.ts';
import { languagesOf } from './understanding/analysis.ts';
import { words } from './understanding/fold.ts';
import { loadLanguages } from './understanding/language-reader.ts';

/** Words of a question that its key keeps. */
const KEY_WORDS = 12;
const KEY_WORD_LENGTH = 40;
/** Shared words of two keys, as a part of the words of both (Dice's coefficient), from which on they ask the same. */
const ALIKE = 0.7;

/**
 * What a question asks, as its sorted stems: questions of the same key are one group. Undefined where it asks nothing that could be
 * learned: no word, numbers or single letters alone.
 */
export function likenessKey(text: string): string | undefined {
  const said = words(lookedAt(text));
  if (!said.some((word) => /\p{L}{2}/u.test(word))) return undefined;
  const spoken = languagesOf(said, loadLanguages());
  const telling = said.filter(
    (word) => word.length > 1 && !spoken.some((language) => language.isStopWord(word)),
  );
  const [language] = spoken;
  const stems = (telling.length > 0 ? telling : said)
    .filter((word) => word.length <= KEY_WORD_LENGTH)
    .map((word) => language?.lemmaKeys(word)[0]?.split(':')[1] ?? word);
  const kept = [...new Set(stems)].slice(0, KEY_WORDS);
  return kept.length === 0 ? undefined : kept.toSorted().join(' ');
}

/**
 * Brings groups of near keys together. `groups` stand in the order of their weight: each joins the first one before it that is alike
 * and leads, or leads itself.
 */
export function mergeAlike<T extends { key: string; set: string }>(groups: readonly T[]): T[][] {
  const merged: T[][] = [];
  /** Of each word, the merged groups whose leader has it. */
  const byWord = new Map<string, number[]>();
  const sizes: number[] = [];
  for (const group of groups) {
    const own = group.key.split(' ').map((word) => `${group.set} ${word}`);
    const shared = new Map<number, number>();
    for (const word of own)
      for (const at of byWord.get(word) ?? []) shared.set(at, (shared.get(at) ?? 0) + 1);
    const alike = [...shared]
      .filter(([at, count]) => (2 * count) / (own.length + (sizes[at] ?? 0)) >= ALIKE)
      .map(([at]) => at);
    if (alike.length > 0) {
      merged[Math.min(...alike)]?.push(group);
      continue;
    }
    for (const word of own) byWord.set(word, [...(byWord.get(word) ?? []), merged.length]);
    sizes.push(own.length);
    merged.push([group]);
  }
  return merged;
}
