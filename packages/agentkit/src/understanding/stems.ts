import stemmers from 'snowball-stemmers';
import { listedWords } from './fold.ts';
import type { LanguageFile } from './language-schema.ts';

type StemSettings = Pick<LanguageFile, 'stemmer' | 'umlauts' | 'prefixes' | 'suffixes' | 'elisions'>;

/** A prefix or suffix is removed only if at least this many letters remain. */
const MIN_STEM = 3;
const CACHED_WORDS = 20_000;

/** How the words of a language are reduced to stems. */
export interface Stems {
  /** The word itself, and the word without its prefixes and suffixes. */
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

/** Stems words, with a cache: the words of the language's files and of the profile are compared with every message. */
export function keysBy(code: string, { forms, stem }: Stems): (word: string) => readonly string[] {
  const cache = new Map<string, readonly string[]>();
  return (word) => {
    const known = cache.get(word);
    if (known) return known;
    const keys = forms(word).map((form) => `${code}:${stem(form)}`);
    // Words of strangers must not fill memory.
    if (cache.size < CACHED_WORDS) cache.set(word, keys);
    return keys;
  };
}

/**
 * Values by the first letters of the words they belong to. Stemming all words of a language takes half a second, and a message
 * needs few of them: the caller takes the values that may belong to a stem, and stems only their words.
 */
export class ValuesByBeginning<Value> {
  readonly #forms: Stems['forms'];
  readonly #values = new Map<string, Value[]>();

  constructor(forms: Stems['forms']) {
    this.#forms = forms;
  }

  add(word: string, value: Value): void {
    for (const beginning of new Set(this.#forms(word).map(beginningOf))) {
      const values = this.#values.get(beginning);
      if (values) values.push(value);
      else this.#values.set(beginning, [value]);
    }
  }

  /** Removes and returns the values whose words may have this stem. */
  take(stem: string): Value[] {
    const beginning = beginningOf(stem);
    // A stem of one letter may be of any word that begins with it.
    const beginnings =
      beginning.length > 1
        ? [beginning]
        : [...this.#values.keys()].filter((one) => one.startsWith(beginning));
    return beginnings.flatMap((one) => {
      const values = this.#values.get(one) ?? [];
      this.#values.delete(one);
      return values;
    });
  }
}

/** The first two letters. Stemming does not change them, except y to i: `dying` becomes `die`. */
const beginningOf = (word: string): string => word.slice(0, 2).replace('y', 'i');

/** The stems of a list of words. A word is stemmed when a stem with the same first letters is looked up. */
export class KnownStems {
  readonly #words: Iterable<string>;
  readonly #stems: Stems;
  readonly #known = new Set<string>();
  #unstemmed: ValuesByBeginning<string> | undefined;

  constructor(words: Iterable<string>, stems: Stems) {
    this.#words = words;
    this.#stems = stems;
  }

  has(stem: string): boolean {
    const unstemmed = (this.#unstemmed ??= this.#byBeginning());
    for (const word of unstemmed.take(stem)) {
      for (const form of this.#stems.forms(word)) this.#known.add(this.#stems.stem(form));
    }
    return this.#known.has(stem);
  }

  #byBeginning(): ValuesByBeginning<string> {
    const unstemmed = new ValuesByBeginning<string>(this.#stems.forms);
    for (const word of this.#words) unstemmed.add(word, word);
    return unstemmed;
  }
}
