import { words } from './fold.ts';

/** Words that one `..` may stand for. */
const GAP = 5;
/** Words of the set `filler` that one `~` may stand for. */
const FILLER_GAP = 6;

type Element =
  | { kind: 'begin' | 'end' | 'gap' | 'fillers' }
  | { kind: 'phrases'; byFirst: ReadonlyMap<string, string[][]> };

/** Named sets of phrases that patterns refer to. */
export type PhraseSets = ReadonlyMap<string, readonly string[]>;

export interface Pattern {
  source: string;
  elements: readonly Element[];
}

/**
 * Reads a pattern: words, `{set}`, alternatives `(one|or two words)`, `..` for up to five words, `~` for words of the set `filler`,
 * `^` and `$` for the begin and the end of the message.
 *
 * @throws Error for a set that is not there, or nothing between brackets
 */
export function compilePattern(source: string, sets: PhraseSets): Pattern {
  const parts = source.match(/\{[^}]*\}|\([^)]*\)|\S+/g) ?? [];
  const elements = parts.map((part): Element => {
    if (part === '^') return { kind: 'begin' };
    if (part === '$') return { kind: 'end' };
    if (part === '..') return { kind: 'gap' };
    if (part === '~') return { kind: 'fillers' };
    const phrases = phrasesOf(part, sets)
      .map(words)
      .filter((phrase) => phrase.length > 0);
    if (phrases.length === 0) throw new Error(`"${part}" in "${source}" holds no word`);
    const byFirst = Map.groupBy(phrases, ([first]) => first ?? '');
    return { kind: 'phrases', byFirst };
  });
  return { source, elements };
}

function phrasesOf(part: string, sets: PhraseSets): readonly string[] {
  if (part.startsWith('(')) return part.slice(1, -1).split('|');
  if (!part.startsWith('{')) return [part];
  const found = sets.get(part.slice(1, -1));
  if (!found) throw new Error(`there is no set ${part}`);
  return found;
}

/** Whether a pattern is found among the words of a message. */
export function matches(
  { elements }: Pattern,
  said: readonly string[],
  fillers: ReadonlySet<string>,
): boolean {
  const [first] = elements;
  const isAnchored = first?.kind === 'begin';
  const byFirst = first?.kind === 'phrases' ? first.byFirst : undefined;
  for (let at = 0; at <= (isAnchored ? 0 : said.length); at++) {
    if (byFirst && !byFirst.has(said[at] ?? '')) continue;
    if (matchesAt(elements, 0, said, at, fillers)) return true;
  }
  return false;
}

function matchesAt(
  elements: readonly Element[],
  index: number,
  said: readonly string[],
  at: number,
  fillers: ReadonlySet<string>,
): boolean {
  const element = elements[index];
  if (!element) return true;
  const rest = (next: number): boolean => matchesAt(elements, index + 1, said, next, fillers);
  switch (element.kind) {
    case 'begin':
      return at === 0 && rest(at);
    case 'end':
      return at === said.length && rest(at);
    case 'gap':
      for (let skipped = 0; skipped <= GAP && at + skipped <= said.length; skipped++) {
        if (rest(at + skipped)) return true;
      }
      return false;
    case 'fillers':
      for (let skipped = 0; skipped <= FILLER_GAP && at + skipped <= said.length; skipped++) {
        if (rest(at + skipped)) return true;
        if (!fillers.has(said[at + skipped] ?? '')) return false;
      }
      return false;
    default:
      return (element.byFirst.get(said[at] ?? '') ?? []).some(
        (phrase) => phrase.every((word, offset) => said[at + offset] === word) && rest(at + phrase.length),
      );
  }
}
