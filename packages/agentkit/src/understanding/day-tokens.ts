import { type DayNames, sharesKey } from './day-names.ts';
import { fold } from './fold.ts';
import type { Language } from './language.ts';

const dayNumber = /^\p{Script=Hebrew}{0,2}(\d{1,2})(st|nd|rd|th|er|[oa])?$/u;

/** The day of a month that a token names: `4`, `4th`. */
export function dayOf(word: string | undefined): number | undefined {
  const day = Number(dayNumber.exec(word ?? '')?.[1]);
  return day >= 1 && day <= 31 ? day : undefined;
}

/** The tokens of a message, and whether they are words of the phrases about days. A position may be outside of the message. */
export class DayTokens {
  readonly tokens: readonly string[];
  /** Folded, without spaces around dashes. */
  readonly text: string;
  readonly names: readonly DayNames[];

  constructor(tokens: readonly string[], text: string, names: readonly DayNames[]) {
    this.tokens = tokens;
    this.text = fold(text).replaceAll(/\s*[-–—]\s*/gu, '-');
    this.names = names;
  }

  /** Whether a phrase begins at a token. With `keys`, its first word may have a prefix: `ביום שישי`. */
  hasPhrase(phrase: readonly string[], at: number, keys?: Language['keys']): boolean {
    return (
      phrase.length > 0 &&
      phrase.every((word, offset) => {
        const here = this.tokens[at + offset];
        if (here === word) return true;
        return (
          offset === 0 &&
          keys !== undefined &&
          here !== undefined &&
          sharesKey(keys(here), keys(word).slice(0, 1))
        );
      })
    );
  }

  hasWordOf(kind: 'joins' | 'either' | 'until' | 'before', at: number): boolean {
    const word = this.tokens[at];
    return this.names.some(({ language, phrases }) =>
      (kind === 'joins' ? language.joins : phrases[kind]).some(
        (phrase) => phrase.length === 1 && phrase[0] === word,
      ),
    );
  }

  isStopWord(at: number): boolean {
    return (
      this.hasWordOf('before', at) ||
      this.names.some(({ language }) => language.isStopWord(this.tokens[at] ?? ''))
    );
  }

  /** A year at a position, after a stop word at most: `6 enero 2028`, `6 de enero de 2028`. */
  yearAt(at: number): { year?: string; length: number } {
    for (const step of [0, 1]) {
      const word = this.tokens[at + step] ?? '';
      const isNear =
        step === 0 || this.names.some(({ language }) => language.isStopWord(this.tokens[at] ?? ''));
      if (isNear && /^20\d\d$/.test(word)) return { year: word, length: step + 1 };
    }
    return { length: 0 };
  }

  /** Whether nothing but a word such as `and`, `or` and `to`, or a dash, stands between two tokens. */
  isJoined(one: number, other: number): boolean {
    const [from, to] = [Math.min(one, other), Math.max(one, other)];
    return this.isJoinedByWord(from + 1, to, ['joins', 'either', 'until']) || this.isJoinedByDash(from, to);
  }

  isJoinedByDash(last: number, next: number): boolean {
    if (next !== last + 1) return false;
    const beside = [this.tokens[last] ?? '', this.tokens[next] ?? ''];
    // The tokens of `mon-fri` are `monday` and `friday`, so two letters are compared.
    const isWord = (written: string, word: string): boolean =>
      written === word || (/^\p{L}{2}/u.test(word) && written.slice(0, 2) === word.slice(0, 2));
    return this.text
      .replaceAll('.-', '-')
      .matchAll(/([\p{L}\p{N}]+)-(?=([\p{L}\p{N}]+))/gu)
      .some((pair) => beside.every((word, at) => isWord(pair[at + 1] ?? '', word)));
  }

  /** Whether one of the tokens is a word of these kinds, and the others are stop words. */
  isJoinedByWord(from: number, to: number, kinds: readonly ('joins' | 'either' | 'until')[]): boolean {
    const between = Array.from({ length: Math.max(0, to - from) }, (_, offset) => from + offset);
    const isOf = (at: number): boolean => kinds.some((kind) => this.hasWordOf(kind, at));
    return between.some(isOf) && between.every((at) => isOf(at) || this.isStopWord(at));
  }
}
