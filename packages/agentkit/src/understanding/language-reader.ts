import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LineCounter, parseDocument } from 'yaml';
import { type LanguageFile, languageProblems } from './language-schema.ts';
import { type Language, createLanguage } from './language.ts';

/** Lists every fault of the language files. */
export class LanguageError extends Error {
  readonly code = 'LANGUAGE_INVALID';
  readonly problems: string[];

  constructor(problems: string[]) {
    super(`languages: ${problems.join('; ')}`);
    this.name = 'LanguageError';
    this.problems = problems;
  }
}

const folder = new URL('../../languages/', import.meta.url);

let loaded: readonly Language[] | undefined;

/**
 * All languages of `languages/`, read once.
 * @throws LanguageError that names every fault of every file
 */
export function loadLanguages(): readonly Language[] {
  loaded ??= readLanguages(folder);
  return loaded;
}

/**
 * Reads all languages in small steps with a turn of the event loop between them, so that a starting service keeps answering its probes.
 * @throws LanguageError
 */
export async function prepareLanguages(): Promise<void> {
  if (loaded) return;
  const reader = new LanguageReader(folder);
  for (const name of reader.names) {
    for (const _ of reader.readInSteps(name)) await nextTurn();
  }
  loaded ??= reader.finish();
}

export function readLanguages(from: URL): Language[] {
  const reader = new LanguageReader(from);
  for (const name of reader.names) {
    for (const _ of reader.readInSteps(name));
  }
  return reader.finish();
}

/** Reads the languages of a folder and collects the faults of all files. */
class LanguageReader {
  readonly names: readonly string[];
  readonly #from: URL;
  readonly #languages: Language[] = [];
  readonly #problems: string[] = [];

  constructor(from: URL) {
    this.#from = from;
    const namesIn = (folderName: string): string[] =>
      readdirSync(new URL(`${folderName}/`, from), { withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.yaml'))
        .map(({ name }) => name)
        .toSorted();
    this.names = namesIn('rules');
    const orphans = existsSync(new URL('notions/', from))
      ? namesIn('notions').filter((name) => !this.names.includes(name))
      : [];
    this.#problems.push(...orphans.map((name) => `notions/${name}: there is no rules/${name}`));
  }

  /** Reads the files of a language and yields after each step. */
  *readInSteps(name: string): Generator<void> {
    const code = name.slice(0, -'.yaml'.length);
    const rules = this.#parse(`rules/${name}`);
    yield;
    const notions = existsSync(new URL(`notions/${name}`, this.#from)) ? this.#parse(`notions/${name}`) : {};
    yield;
    if (rules === undefined || notions === undefined) return;
    const found = languageProblems(rules, notions);
    this.#problems.push(...found.map((problem) => `${name}: ${problem}`));
    if (found.length > 0) return;
    yield;
    const patternProblems: string[] = [];
    const language = createLanguage(
      code,
      rules as LanguageFile,
      notions as Record<string, string>,
      patternProblems,
    );
    this.#problems.push(...patternProblems.map((problem) => `rules/${name}: ${problem}`));
    this.#languages.push(language);
  }

  /** @throws LanguageError that names every fault of every file */
  finish(): Language[] {
    if (this.#problems.length > 0) throw new LanguageError(this.#problems);
    return this.#languages;
  }

  #parse(name: string): unknown {
    const lineCounter = new LineCounter();
    const text = readFileSync(new URL(name, this.#from), 'utf8');
    const document = parseDocument(text, { lineCounter, prettyErrors: false });
    this.#problems.push(
      ...document.errors.map(({ pos, message }) => `${name}:${lineCounter.linePos(pos[0]).line}: ${message}`),
    );
    if (document.errors.length > 0) return undefined;
    try {
      return document.toJS({ maxAliasCount: 0 }) as unknown;
    } catch (error) {
      this.#problems.push(`${name}: ${(error as Error).message}`);
      return undefined;
    }
  }
}
