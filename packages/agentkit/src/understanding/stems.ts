import stemmers from 'snowball-stemmers';
import { listedWords } from './fold.ts';
import type { LanguageFile } from './language-schema.ts';

type StemSettings = Pick<LanguageFile, 'stemmer' | 'umlauts' | 'prefixes' | 'suffixes' | 'elisions'>;

/** Letters that have to be left of a word without its prefix or suffix. */
const MIN_STEM = 3;
const CACHED_WORDS = 20_000;

/** How the words of a language are compared. */
export interface Stems {
  /** A word, and what is left of it without prefixes and suffixes. */
  forms(word: string): string[];
  stem(form: string): string;
}

export function createStems(file: StemSettings): Stems {
  const stemmer = file.stemmer === undefined ? undefined : stemmers.newStemmer(file.stemmer);
  const prefixes = listedWords(file.prefixes ?? '').flat();
  const suffixes = listedWords(file.suffixes ?? '').flat();
  const elisions = listedWords(file.elisions ?? '').flat();
  if (stemmer) {
    return {
      forms: (word) => {
        const plain = file.umlauts === true ? word.replaceAll(/([aou])e/g, '$1') : word;
        const forms = [plain];
        for (const elision of elisions) {
          if (plain.startsWith(elision) && /^[aeiouyh]..+/.test(plain.slice(elision.length)))
            forms.push(plain.slice(elision.length));
        }
        return forms;
      },
      stem: (form) => stemmer.stem(form),
    };
  }
  return {
    forms: (word) => {
      const forms = new Set([word]);
      for (const prefix of prefixes) {
        if (word.startsWith(prefix) && word.length - prefix.length >= MIN_STEM)
          forms.add(word.slice(prefix.length));
      }
      for (const form of Array.from(forms)) {
        for (const suffix of suffixes) {
          if (form.endsWith(suffix) && form.length - suffix.length >= MIN_STEM)
            forms.add(form.slice(0, -suffix.length));
        }
      }
      return [...forms];
    },
    stem: (form) => form,
  };
}

/** Stemming with a cache: the words of a language's files and of a profile come back in every message. */
export function keysBy(code: string, { forms, stem }: Stems): (word: string) => readonly string[] {
  const cache = new Map<string, readonly string[]>();
  return (word) => {
    const known = cache.get(word);
    if (known) return known;
    const keys = forms(word).map((form) => `${code}:${stem(form)}`);
    // Words of strangers do not stay.
    if (cache.size < CACHED_WORDS) cache.set(word, keys);
    return keys;
  };
}

/** The stems of a vocabulary. They are made when a word that begins alike is asked for: to make all of them takes half a second. */
export class KnownStems {
  readonly #vocabulary: ReadonlySet<string>;
  readonly #stems: Stems;
  readonly #known = new Set<string>();
  #waiting: Map<string, string[]> | undefined;

  constructor(vocabulary: ReadonlySet<string>, stems: Stems) {
    this.#vocabulary = vocabulary;
    this.#stems = stems;
  }

  has(stem: string): boolean {
    const waiting = (this.#waiting ??= this.#byBegin());
    const begin = beginOf(stem);
    // A stem of one letter may be of any longer begin.
    const begins = begin.length > 1 ? [begin] : [...waiting.keys()].filter((one) => one.startsWith(begin));
    for (const one of begins) {
      for (const form of waiting.get(one) ?? []) this.#known.add(this.#stems.stem(form));
      waiting.delete(one);
    }
    return this.#known.has(stem);
  }

  #byBegin(): Map<string, string[]> {
    const waiting = new Map<string, string[]>();
    for (const word of this.#vocabulary) {
      for (const form of this.#stems.forms(word)) {
        const begin = beginOf(form);
        const forms = waiting.get(begin);
        if (forms) forms.push(form);
        else waiting.set(begin, [form]);
      }
    }
    return waiting;
  }
}

/** What stemming leaves of the begin of a word: `dying` becomes `die`. */
const beginOf = (word: string): string => word.slice(0, 2).replace('y', 'i');
