import { words } from './fold.ts';

/** Most words that one `..` stands for. */
const MAX_GAP_WORDS = 5;
/** Most words of the set `filler` that one `~` stands for. */
const MAX_FILLER_WORDS = 6;

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
 * Compiles a pattern of words, `{set}`, alternatives `(one|or two words)`, `..` for up to five words, `~` for up to six words of the set
 * `filler`, and `^` and `$` for the beginning and the end of the message.
 *
 * @throws Error if a set does not exist, or a part holds no word
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

/** Whether a pattern matches anywhere among the tokens of a message. */
export function matches(
  { elements }: Pattern,
  tokens: readonly string[],
  fillers: ReadonlySet<string>,
): boolean {
  const [first] = elements;
  const isAnchored = first?.kind === 'begin';
  const byFirst = first?.kind === 'phrases' ? first.byFirst : undefined;
  for (let at = 0; at <= (isAnchored ? 0 : tokens.length); at++) {
    if (byFirst && !byFirst.has(tokens[at] ?? '')) continue;
    if (matchesAt(elements, 0, tokens, at, fillers)) return true;
  }
  return false;
}

function matchesAt(
  elements: readonly Element[],
  index: number,
  tokens: readonly string[],
  at: number,
  fillers: ReadonlySet<string>,
): boolean {
  const element = elements[index];
  if (!element) return true;
  const rest = (next: number): boolean => matchesAt(elements, index + 1, tokens, next, fillers);
  switch (element.kind) {
    case 'begin':
      return at === 0 && rest(at);
    case 'end':
      return at === tokens.length && rest(at);
    case 'gap':
      for (let skipped = 0; skipped <= MAX_GAP_WORDS && at + skipped <= tokens.length; skipped++) {
        if (rest(at + skipped)) return true;
      }
      return false;
    case 'fillers':
      for (let skipped = 0; skipped <= MAX_FILLER_WORDS && at + skipped <= tokens.length; skipped++) {
        if (rest(at + skipped)) return true;
        if (!fillers.has(tokens[at + skipped] ?? '')) return false;
      }
      return false;
    default:
      return (element.byFirst.get(tokens[at] ?? '') ?? []).some(
        (phrase) => phrase.every((word, offset) => tokens[at + offset] === word) && rest(at + phrase.length),
      );
  }
}
