import { cutText } from '@prosaas/runtime';
import type { FaqEntry } from '../profile/profile.ts';

/** Characters of a question with its forms, of an answer and of a message that are compared. */
const COMPARED_CHARACTERS = 1000;
/** Letters of a word that are compared: a crude stemmer for any language. */
const STEM_LETTERS = 5;

/** Ranks the entries of a profile by how close they are to a message, to choose those that a prompt contains. */
export class ClosestEntries {
  readonly #faq: readonly FaqEntry[];
  /** For each stem the entries that have it in a question, and those that have it only in the answer. */
  readonly #byStem = new Map<string, { asked: Set<number>; answered: Set<number> }>();

  constructor(faq: readonly FaqEntry[]) {
    this.#faq = faq;
    for (const [at, { question, also = [], answer }] of faq.entries()) {
      const asked = new Set(stems([question, ...also].join('\n')));
      for (const stem of asked) this.#entriesWith(stem).asked.add(at);
      for (const stem of stems(answer)) if (!asked.has(stem)) this.#entriesWith(stem).answered.add(at);
    }
  }

  /** All entries, closest first. `before`, the message before, counts less than `text`. */
  order(text: string, before: string): FaqEntry[] {
    const scores = new Map<number, number>();
    const add = (at: number, score: number): unknown => scores.set(at, (scores.get(at) ?? 0) + score);
    const asked = new Set(stems(text));
    const weights = [...asked].map((stem) => [stem, 1] as const);
    const weightsOfBefore = [...new Set(stems(before))]
      .filter((stem) => !asked.has(stem))
      .map((stem) => [stem, 0.3] as const);
    for (const [stem, weight] of [...weights, ...weightsOfBefore]) {
      const entries = this.#byStem.get(stem);
      if (entries === undefined) continue;
      const rarity = Math.log(1 + this.#faq.length / (entries.asked.size + entries.answered.size));
      for (const at of entries.asked) add(at, weight * rarity);
      for (const at of entries.answered) add(at, 0.5 * weight * rarity);
    }
    return this.#faq
      .map((entry, at) => ({ entry, score: scores.get(at) ?? 0 }))
      .toSorted((one, other) => other.score - one.score)
      .map(({ entry }) => entry);
  }

  #entriesWith(stem: string): { asked: Set<number>; answered: Set<number> } {
    const known = this.#byStem.get(stem);
    if (known) return known;
    const entries = { asked: new Set<number>(), answered: new Set<number>() };
    this.#byStem.set(stem, entries);
    return entries;
  }
}

/** The first letters of each word; in scripts without spaces, pairs of characters. */
function stems(text: string): string[] {
  const folded = cutText(text, COMPARED_CHARACTERS).normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return (folded.match(/[\p{L}\p{N}]+/gu) ?? []).flatMap((word) => {
    const characters = Array.from(word);
    if (!/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u.test(word))
      return [characters.slice(0, STEM_LETTERS).join('')];
    return characters.length === 1
      ? [word]
      : characters.slice(1).map((character, at) => (characters[at] ?? '') + character);
  });
}
