import type { Explanation } from '@prosaas/agentkit/offline';

const SHOWN_MATCHES = 6;
const SHOWN_WORDS = 10;

const two = (value: number): string => String(Math.round(value * 100) / 100);
const list = (words: readonly string[]): string =>
  `“${words.slice(0, SHOWN_WORDS).join('”, “')}”${words.length > SHOWN_WORDS ? ' and others' : ''}`;

/** Why a text gets its answer, in sentences. */
export function whyOf({ answer, threshold, candidates, unknownWords, rule }: Explanation): string[] {
  if (rule !== undefined) {
    const pattern = rule === answer.source ? '' : ` (“${rule}”)`;
    return [`The rule for ${answer.source} applies${pattern}; no entry is looked at.`];
  }
  const [best, second] = candidates;
  const why: string[] = [];
  const isUnknown = answer.source === 'unknown';
  if (best) {
    const need = `${isUnknown ? 'an answer needs' : 'from'} ${two(threshold)}${isUnknown ? '' : ' on an entry answers'}`;
    why.push(`“${best.question}” fits best, with ${two(best.score)}: ${need}.`);
    why.push(
      ...best.matches
        .slice(0, SHOWN_MATCHES)
        .map(({ word, with: other, how }) => `“${word}” matches “${other}” (${how}).`),
    );
    if (second) why.push(`Next is “${second.question}”, with ${two(second.score)}.`);
  } else if (isUnknown) why.push('No entry comes near.');
  else if (answer.source === 'hours') why.push('It asks for the opening hours.');
  else for (const question of answer.entries ?? []) why.push(`“${question}” fits.`);
  if (unknownWords.length > 0) why.push(`No entry has ${list(unknownWords)}.`);
  if (isUnknown && (answer.offered?.length ?? 0) > 0) why.push('The closest questions are offered instead.');
  return why;
}
