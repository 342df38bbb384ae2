import type { Unit } from './analysis.ts';
import type { Candidate } from './topics.ts';

/** A topic is an answer from this score, coverage and lead on; else it is a guess. */
export const MIN_SCORE = 0.45;
const MIN_COVERAGE = 0.45;
const MIN_PRICE_COVERAGE = 0.52;
const MIN_LEAD = 0.04;
const MIN_COVERAGE_LEAD = 0.1;
/** With something that the business does not have, a topic must have more of the rest. */
const MIN_STRANGE_COVERAGE = 0.6;
/** What may be asked of anything: such a question alone is answered only by a topic that is known by it alone. */
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

const asksPrice = (units: readonly Unit[]): boolean => units.some(({ notions }) => notions.includes('price'));

/** Whether a word asks for what may be asked of anything. */
export const isAttribute = ({ notions }: Unit): boolean =>
  notions.some((notion) => attributeNotions.has(notion));

/** The best topic, where it is an answer and not a guess. */
export function confidentOf(candidates: readonly Candidate[], units: readonly Unit[]): Candidate | undefined {
  const [best, second] = candidates;
  if (!best) return undefined;
  if (units.every(isAttribute) && best.fit < MIN_ATTRIBUTE_FIT) return undefined;
  const isThing = units.some(({ notions }) =>
    notions.some((notion) => notion === 'price' || notion === 'sell'),
  );
  const isStrange = units.some(
    ({ notions, text }) => (notions.length > 0 || isThing) && best.unknown.includes(text),
  );
  const least = isStrange ? MIN_STRANGE_COVERAGE : asksPrice(units) ? MIN_PRICE_COVERAGE : MIN_COVERAGE;
  const isCovered = best.coverage >= least;
  const leads =
    !second || best.score - second.score >= MIN_LEAD || best.coverage - second.coverage > MIN_COVERAGE_LEAD;
  return best.score >= MIN_SCORE && isCovered && leads ? best : undefined;
}
