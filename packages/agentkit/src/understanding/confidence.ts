import type { Term } from './analysis.ts';
import type { Candidate } from './topics.ts';

/** The best candidate answers a question from this score and coverage, and this margin over the second one, in either of them. */
export const MIN_SCORE = 0.45;
const MIN_COVERAGE = 0.45;
const MIN_PRICE_COVERAGE = 0.52;
const MIN_SCORE_MARGIN = 0.04;
const MIN_COVERAGE_MARGIN = 0.1;
/** If the question names something that the topic does not have, the topic must cover more of the rest. */
const MIN_COVERAGE_WITH_UNKNOWN = 0.6;
/**
 * Notions that may be asked about anything. A question of nothing else (`how much?`) is answered only by a topic whose own question is
 * nearly the same.
 */
const attributeNotions = new Set([
  'price',
  'free-of-charge',
  'duration',
  'included',
  'waiting',
  'discount',
  'allowed',
  'soon',
]);
const MIN_ATTRIBUTE_FIT = 0.85;

const asksPrice = (terms: readonly Term[]): boolean => terms.some(({ notions }) => notions.includes('price'));

/** Whether a term asks about something that is named beside it. */
export const isAttribute = ({ notions }: Term): boolean =>
  notions.some((notion) => attributeNotions.has(notion));

/** The best candidate, if it is good enough to be the answer and not only a suggestion. */
export function confidentCandidate(
  candidates: readonly Candidate[],
  terms: readonly Term[],
): Candidate | undefined {
  const [best, second] = candidates;
  if (!best) return undefined;
  if (terms.every(isAttribute) && best.fit < MIN_ATTRIBUTE_FIT) return undefined;
  const asksForItem = terms.some(({ notions }) =>
    notions.some((notion) => notion === 'price' || notion === 'sell'),
  );
  const hasUnknownItem = terms.some(
    ({ notions, text }) => (notions.length > 0 || asksForItem) && best.unknown.includes(text),
  );
  const minCoverage = hasUnknownItem
    ? MIN_COVERAGE_WITH_UNKNOWN
    : asksPrice(terms)
      ? MIN_PRICE_COVERAGE
      : MIN_COVERAGE;
  const isCovered = best.coverage >= minCoverage;
  const isAhead =
    !second ||
    best.score - second.score >= MIN_SCORE_MARGIN ||
    best.coverage - second.coverage > MIN_COVERAGE_MARGIN;
  return best.score >= MIN_SCORE && isCovered && isAhead ? best : undefined;
}
