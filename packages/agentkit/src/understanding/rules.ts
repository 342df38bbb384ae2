import type { Language, Rule, RuleName } from './language.ts';
import { matches } from './patterns.ts';

/** A message as rules look at it, in words. */
export interface Spans {
  /** The whole message, a word that is said twice in a row once: what patterns with `^` look at. */
  whole: readonly string[];
  /** What stands between commas and other marks. */
  clauses: readonly (readonly string[])[];
  sentences: readonly (readonly string[])[];
}

/** The pattern by which a rule of one of the languages applies. Its exceptions count within the same part of the message. */
export function ruleOf(name: RuleName, spans: Spans, languages: readonly Language[]): string | undefined {
  for (const { rules, fillers } of languages) {
    const pattern = patternOf(rules[name], name, spans, fillers);
    if (pattern !== undefined) return pattern;
  }
  return undefined;
}

/** The same of one rule. A wish to be left alone silences the business for good, so it has to stand within one clause. */
export function patternOf(
  { patterns, exceptions }: Rule,
  name: RuleName,
  { whole, clauses, sentences }: Spans,
  fillers: ReadonlySet<string>,
): string | undefined {
  const parts = name === 'optOut' ? clauses : [...clauses, ...sentences];
  // `Dont text me, call me` is no wish for silence: what a clause leaves out may stand in its sentence.
  const isException = (said: readonly string[]): boolean =>
    [said, ...(name === 'optOut' ? sentences : [])].some((part) =>
      exceptions.some((one) => matches(one, part, fillers)),
    );
  for (const pattern of patterns) {
    const isAnchored = pattern.elements[0]?.kind === 'begin';
    const found = (isAnchored ? [whole] : parts).find((said) => matches(pattern, said, fillers));
    if (found && !isException(found)) return pattern.source;
  }
  return undefined;
}

/** Whether the words of a phrase stand somewhere in the message, and no exception of the rule beside them. */
export function saysPhrase(
  wanted: readonly string[],
  name: RuleName,
  { sentences }: Spans,
  languages: readonly Language[],
): boolean {
  return sentences.some((said) => {
    const isSaid = said.some((_, at) => wanted.every((word, offset) => said[at + offset] === word));
    return (
      isSaid &&
      wanted.length > 0 &&
      !languages.some(({ rules, fillers }) =>
        rules[name].exceptions.some((one) => matches(one, said, fillers)),
      )
    );
  });
}
