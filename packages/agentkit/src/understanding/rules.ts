import type { Language, Rule, RuleName } from './language.ts';
import { matches } from './patterns.ts';

/** The parts of a message that rules are matched with, as tokens. */
export interface Spans {
  /** The whole message, for patterns that begin with `^`. A word that is repeated in a row stands here once. */
  whole: readonly string[];
  /** The text between commas and other punctuation. */
  clauses: readonly (readonly string[])[];
  sentences: readonly (readonly string[])[];
}

/** The source of the first pattern of a rule that matches, in any of the languages. */
export function matchingRule(
  name: RuleName,
  spans: Spans,
  languages: readonly Language[],
): string | undefined {
  for (const { rules, fillers } of languages) {
    const pattern = matchingPattern(rules[name], name, spans, fillers);
    if (pattern !== undefined) return pattern;
  }
  return undefined;
}

/**
 * The source of the first pattern of a rule that matches, unless an exception matches in the same part of the message. An opt-out must
 * stand within one clause, because it stops all messages for good.
 */
export function matchingPattern(
  { patterns, exceptions }: Rule,
  name: RuleName,
  { whole, clauses, sentences }: Spans,
  fillers: ReadonlySet<string>,
): string | undefined {
  const parts = name === 'optOut' ? clauses : [...clauses, ...sentences];
  // `Dont text me, call me` is not an opt-out, so exceptions of opt-outs are also looked for in whole sentences.
  const isException = (tokens: readonly string[]): boolean =>
    [tokens, ...(name === 'optOut' ? sentences : [])].some((part) =>
      exceptions.some((one) => matches(one, part, fillers)),
    );
  for (const pattern of patterns) {
    const isAnchored = pattern.elements[0]?.kind === 'begin';
    const found = (isAnchored ? [whole] : parts).find((tokens) => matches(pattern, tokens, fillers));
    if (found && !isException(found)) return pattern.source;
  }
  return undefined;
}

/** Whether a sentence of the message contains a phrase, and no exception of the rule. */
export function containsPhrase(
  phrase: readonly string[],
  name: RuleName,
  { sentences }: Spans,
  languages: readonly Language[],
): boolean {
  return sentences.some((tokens) => {
    const isContained = tokens.some((_, at) => phrase.every((word, offset) => tokens[at + offset] === word));
    return (
      isContained &&
      phrase.length > 0 &&
      !languages.some(({ rules, fillers }) =>
        rules[name].exceptions.some((one) => matches(one, tokens, fillers)),
      )
    );
  });
}
