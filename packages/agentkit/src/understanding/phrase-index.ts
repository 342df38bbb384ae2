/** A phrase that was found in a text. */
export interface FoundPhrase {
  at: number;
  length: number;
  names: string[];
}

type Keys = (word: string) => readonly string[];

/** Finds phrases in a text, each of which stands for one or more names. Words are compared by their keys. */
export class PhraseIndex {
  readonly #keys: Keys;
  /** By the keys of the first word; longest first is not needed, as the caller prefers the longest. */
  readonly #byFirst = new Map<string, { rest: (readonly string[])[]; names: string[] }[]>();

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  add(phrase: readonly string[], name: string): void {
    const [first = '', ...rest] = phrase;
    const restKeys = rest.map((word) => this.#keys(word));
    const [key = first] = this.#keys(first);
    for (const one of new Set([key, ...this.#keys(first)])) {
      const entries = this.#byFirst.get(one) ?? [];
      entries.push({ rest: restKeys, names: [name] });
      this.#byFirst.set(one, entries);
    }
  }

  /** The longest phrases that begin at a word, or undefined. */
  at(keys: readonly (readonly string[])[], at: number): FoundPhrase | undefined {
    let found: FoundPhrase | undefined;
    for (const key of keys[at] ?? []) {
      for (const { rest, names } of this.#byFirst.get(key) ?? []) {
        const length = rest.length + 1;
        if (found && length < found.length) continue;
        const isHere = rest.every((wanted, offset) => {
          const said = keys[at + 1 + offset];
          return said !== undefined && wanted.some((one) => said.includes(one));
        });
        if (!isHere) continue;
        if (!found || length > found.length) found = { at, length, names: [...names] };
        else for (const name of names) if (!found.names.includes(name)) found.names.push(name);
      }
    }
    return found;
  }
}
