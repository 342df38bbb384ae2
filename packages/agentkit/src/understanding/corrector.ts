import { bitCount, editDistance, letterBits } from '../edit-distance.ts';

/** Shorter words are not corrected. */
const MIN_WORD_LENGTH = 4;
/** From this length on, a correction may take two edits, below it one. */
const TWO_EDITS_LENGTH = 8;
/** Longer words are not corrected or looked up: customers do not ask with them, and comparing takes the square of the length. */
export const MAX_WORD_LENGTH = 40;

const MAX_CACHED_WORDS = 500;

interface NearWord {
  word: string;
  cost: number;
}

interface KnownWord {
  word: string;
  bits: number;
  rank: number;
}

/** Finds the known words that a mistyped word may stand for. */
export class Corrector {
  readonly #byLength = new Map<number, KnownWord[]>();
  readonly #words = new Set<string>();
  readonly #base: Corrector | undefined;
  readonly #cache = new Map<string, readonly NearWord[]>();

  /** @param base a corrector whose words are known here, too */
  constructor(base?: Corrector) {
    this.#base = base;
  }

  /** @param rank words of a smaller rank are preferred at the same edit distance */
  add(words: Iterable<string>, rank: number): void {
    this.#cache.clear();
    for (const word of words) {
      if (word.length < MIN_WORD_LENGTH - 1 || word.length > MAX_WORD_LENGTH || this.#words.has(word))
        continue;
      this.#words.add(word);
      const ofLength = this.#byLength.get(word.length) ?? [];
      ofLength.push({ word, bits: letterBits(word), rank });
      this.#byLength.set(word.length, ofLength);
    }
  }

  /** The known words of the least cost among those that `isPossible` accepts; empty if none is near. */
  correct(word: string, isPossible: (word: string) => boolean = () => true): string[] {
    if (word.length < MIN_WORD_LENGTH || word.length > MAX_WORD_LENGTH || /\d/.test(word)) return [];
    const own = this.#near(word);
    const near = this.#base
      ? [...own, ...this.#base.#near(word)].toSorted((one, other) => one.word.length - other.word.length)
      : own;
    const possible = near.filter((candidate) => isPossible(candidate.word));
    const best = Math.min(...possible.map(({ cost }) => cost));
    return possible.filter(({ cost }) => cost === best).map((candidate) => candidate.word);
  }

  /** All words within the limit, shorter ones first. Cached, since a word is looked up again in each part of its message. */
  #near(word: string): readonly NearWord[] {
    const known = this.#cache.get(word);
    if (known) return known;
    const limit = word.length >= TWO_EDITS_LENGTH ? 2 : 1;
    const bits = letterBits(word);
    const near: NearWord[] = [];
    for (let length = word.length - limit; length <= word.length + limit; length++) {
      for (const candidate of this.#byLength.get(length) ?? []) {
        if (bitCount(bits ^ candidate.bits) > 2 * limit) continue;
        const edits = editDistance(word, candidate.word, limit);
        if (edits > limit) continue;
        // Mistyped first letters are rare, and rhyming words are common.
        const cost = edits * 4 + candidate.rank + (candidate.word[0] === word[0] ? 0 : 2);
        near.push({ word: candidate.word, cost });
      }
    }
    if (this.#cache.size >= MAX_CACHED_WORDS) this.#cache.clear();
    this.#cache.set(word, near);
    return near;
  }
}
