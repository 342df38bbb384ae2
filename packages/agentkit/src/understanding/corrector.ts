import { bitCount, distance, letterBits } from './distance.ts';

/** Shorter words are not corrected. */
const MIN_LENGTH = 4;
/** From this length on, two mistakes are forgiven. */
const TWO_MISTAKES_LENGTH = 8;
/** No language has longer words that customers ask with; comparing costs the square of a word's length. */
export const WORD_LENGTH = 40;

const CACHED_WORDS = 500;

interface Near {
  word: string;
  cost: number;
}

interface Candidate {
  word: string;
  bits: number;
  rank: number;
}

/** Finds the known word that a mistyped one was meant to be. */
export class Corrector {
  readonly #byLength = new Map<number, Candidate[]>();
  readonly #known = new Set<string>();
  readonly #base: Corrector | undefined;
  readonly #cache = new Map<string, readonly Near[]>();

  /** @param base knows words besides */
  constructor(base?: Corrector) {
    this.#base = base;
  }

  /** @param rank smaller is preferred at the same distance */
  add(words: Iterable<string>, rank: number): void {
    this.#cache.clear();
    for (const word of words) {
      if (word.length < MIN_LENGTH - 1 || word.length > WORD_LENGTH || this.#known.has(word)) continue;
      this.#known.add(word);
      const ofLength = this.#byLength.get(word.length) ?? [];
      ofLength.push({ word, bits: letterBits(word), rank });
      this.#byLength.set(word.length, ofLength);
    }
  }

  /** The nearest known words that are possible, all of the same distance and rank; empty where none is near. */
  correct(word: string, isPossible: (word: string) => boolean = () => true): string[] {
    if (word.length < MIN_LENGTH || word.length > WORD_LENGTH || /\d/.test(word)) return [];
    const own = this.#near(word);
    const near = this.#base
      ? [...own, ...this.#base.#near(word)].toSorted((one, other) => one.word.length - other.word.length)
      : own;
    const possible = near.filter((candidate) => isPossible(candidate.word));
    const best = Math.min(...possible.map(({ cost }) => cost));
    return possible.filter(({ cost }) => cost === best).map((candidate) => candidate.word);
  }

  /** All words within the limit, shorter ones first. A message's words come back in each of its parts. */
  #near(word: string): readonly Near[] {
    const known = this.#cache.get(word);
    if (known) return known;
    const limit = word.length >= TWO_MISTAKES_LENGTH ? 2 : 1;
    const bits = letterBits(word);
    const near: Near[] = [];
    for (let length = word.length - limit; length <= word.length + limit; length++) {
      for (const candidate of this.#byLength.get(length) ?? []) {
        if (bitCount(bits ^ candidate.bits) > 2 * limit) continue;
        const away = distance(word, candidate.word, limit);
        if (away > limit) continue;
        // A wrong first letter is rare, and another word with the same end is not.
        const cost = away * 4 + candidate.rank + (candidate.word[0] === word[0] ? 0 : 2);
        near.push({ word: candidate.word, cost });
      }
    }
    if (this.#cache.size >= CACHED_WORDS) this.#cache.clear();
    this.#cache.set(word, near);
    return near;
  }
}
