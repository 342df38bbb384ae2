import type { Explanation } from '@prosaas/agentkit/offline';

const MAX_MATCHES = 6;
const MAX_WORDS = 10;

const roundScore = (value: number): string => String(Math.round(value * 100) / 100);
const quoteWords = (words: readonly string[]): string =>
  `“${words.slice(0, MAX_WORDS).join('”, “')}”${words.length > MAX_WORDS ? ' and others' : ''}`;

/** Explains in sentences why the agent gives an answer. */
export function describeExplanation({
  answer,
  threshold,
  candidates,
  unknownWords,
  rule,
}: Explanation): string[] {
  if (rule !== undefined) {
    const pattern = rule === answer.source ? '' : ` (“${rule}”)`;
    return [`The rule for ${answer.source} applies${pattern}; no entry is looked at.`];
  }
  const [best, second] = candidates;
  const sentences: string[] = [];
  const isUnknown = answer.source === 'unknown';
  if (best) {
    const requirement = `${isUnknown ? 'an answer needs' : 'from'} ${roundScore(threshold)}${isUnknown ? '' : ' on an entry answers'}`;
    sentences.push(`“${best.question}” fits best, with ${roundScore(best.score)}: ${requirement}.`);
    sentences.push(
      ...best.matches
        .slice(0, MAX_MATCHES)
        .map(({ word, with: other, how }) => `“${word}” matches “${other}” (${how}).`),
    );
    if (second) sentences.push(`Next is “${second.question}”, with ${roundScore(second.score)}.`);
  } else if (isUnknown) sentences.push('No entry comes near.');
  else if (answer.source === 'hours') sentences.push('It asks for the opening hours.');
  else for (const question of answer.entries ?? []) sentences.push(`“${question}” fits.`);
  if (unknownWords.length > 0) sentences.push(`No entry has ${quoteWords(unknownWords)}.`);
  if (isUnknown && (answer.offered?.length ?? 0) > 0)
    sentences.push('The closest questions are offered instead.');
  return sentences;
}
