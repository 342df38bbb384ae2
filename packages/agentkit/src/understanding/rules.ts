import type { Language, RuleName } from './language.ts';
import { matches } from './patterns.ts';

/** The pattern by which a rule applies: for those who want to know why. */
export function ruleOf(
  rule: RuleName,
  said: readonly string[],
  languages: readonly Language[],
): string | undefined {
  for (const { rules, fillers } of languages) {
    const { patterns, exceptions } = rules[rule];
    const pattern = patterns.find((one) => matches(one, said, fillers));
    if (pattern && !exceptions.some((one) => matches(one, said, fillers))) return pattern.source;
  }
  return undefined;
}
