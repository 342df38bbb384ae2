import { ValuesByBeginning } from './stems.ts';

/** A phrase that was found in a text. */
export interface FoundPhrase {
  at: number;
  length: number;
  names: string[];
}

type Keys = (word: string) => readonly string[];

interface Entry {
  /** The keys of each word after the first. */
  rest: readonly (readonly string[])[];
  name: string;
}

interface Phrase {
  words: readonly string[];
  name: string;
}

/** Finds phrases in a text. Each phrase has one or more names. Words are compared by their keys. */
export class PhraseIndex {
  readonly #keys: Keys;
  readonly #unindexed: ValuesByBeginning<Phrase>;
  /** By each key of the first word. */
  readonly #byFirst = new Map<string, Entry[]>();

  /** @param forms the forms of a word; `keys` returns their stems */
  constructor(keys: Keys, forms: (word: string) => string[] = (word) => [word]) {
    this.#keys = keys;
    this.#unindexed = new ValuesByBeginning(forms);
  }

  add(words: readonly string[], name: string): void {
    this.#unindexed.add(words[0] ?? '', { words, name });
  }

  /** The longest phrases that begin at a word, or undefined. */
  at(keys: readonly (readonly string[])[], at: number): FoundPhrase | undefined {
    let found: FoundPhrase | undefined;
    for (const key of keys[at] ?? []) {
      for (const phrase of this.#unindexed.take(key.slice(key.indexOf(':') + 1))) this.#index(phrase);
      for (const { rest, name } of this.#byFirst.get(key) ?? []) {
        const length = rest.length + 1;
        if (found && length < found.length) continue;
        const isHere = rest.every((wanted, offset) => {
          const actual = keys[at + 1 + offset];
          return actual !== undefined && wanted.some((one) => actual.includes(one));
        });
        if (!isHere) continue;
        if (!found || length > found.length) found = { at, length, names: [name] };
        else if (!found.names.includes(name)) found.names.push(name);
      }
    }
    return found;
  }

  #index({ words: [first = '', ...rest], name }: Phrase): void {
    const entry: Entry = { rest: rest.map(this.#keys), name };
    for (const key of new Set(this.#keys(first))) {
      const entries = this.#byFirst.get(key);
      if (entries) entries.push(entry);
      else this.#byFirst.set(key, [entry]);
    }
  }
}
