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

/** Finds phrases in a text, each of which stands for one or more names. Words are compared by their keys. */
export class PhraseIndex {
  readonly #keys: Keys;
  /** Not yet looked at: the phrases of a language that nobody writes are never stemmed. */
  #added: { phrase: readonly string[]; name: string }[] = [];
  /** By the keys of the first word; longest first is not needed, as the caller prefers the longest. */
  readonly #byFirst = new Map<string, Entry[]>();

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  add(phrase: readonly string[], name: string): void {
    this.#added.push({ phrase, name });
  }

  /** The longest phrases that begin at a word, or undefined. */
  at(keys: readonly (readonly string[])[], at: number): FoundPhrase | undefined {
    if (this.#added.length > 0) this.#index();
    let found: FoundPhrase | undefined;
    for (const key of keys[at] ?? []) {
      for (const { rest, name } of this.#byFirst.get(key) ?? []) {
        const length = rest.length + 1;
        if (found && length < found.length) continue;
        const isHere = rest.every((wanted, offset) => {
          const said = keys[at + 1 + offset];
          return said !== undefined && wanted.some((one) => said.includes(one));
        });
        if (!isHere) continue;
        if (!found || length > found.length) found = { at, length, names: [name] };
        else if (!found.names.includes(name)) found.names.push(name);
      }
    }
    return found;
  }

  #index(): void {
    while (this.prepare());
  }

  /** Stems some of the phrases. @returns whether there are more */
  prepare(): boolean {
    for (const { phrase, name } of this.#added.splice(-PREPARED)) {
      const [first = '', ...rest] = phrase;
      const entry: Entry = { rest: rest.map(this.#keys), name };
      const keys = this.#keys(first);
      for (const key of new Set(keys.length > 0 ? keys : [first])) {
        const entries = this.#byFirst.get(key);
        if (entries) entries.push(entry);
        else this.#byFirst.set(key, [entry]);
      }
    }
    return this.#added.length > 0;
  }
}

/** Phrases that are stemmed at once: a few milliseconds. */
const PREPARED = 300;
