import type { Answer } from '../src/index.ts';
import type { Expectation } from './cases.ts';

export type Verdict = 'right' | 'partly' | 'wrong' | 'missed' | 'needless';

const social = new Set(['greeting', 'small-talk', 'opt-in']);
const plain = (text: string): string => text.normalize('NFC');

/**
 * Compares an answer with what is expected. `partly`: the agent offered a question whose answer is right. `missed`: the agent did not
 * understand the question. `needless`: the agent handed over without a wish for a person. Any other mistake is `wrong`.
 *
 * @param offered the answers to the questions that the agent offered
 */
export function judge(answer: Answer, expected: Expectation, offered: readonly string[] = []): Verdict {
  if (expected.any) {
    const verdicts = new Set(
      expected.any.map((one) =>
        judge(answer, { ...one, not: [...(one.not ?? []), ...(expected.not ?? [])] }, offered),
      ),
    );
    return (
      (['right', 'partly', 'missed', 'needless', 'wrong'] as const).find((one) => verdicts.has(one)) ??
      'wrong'
    );
  }
  const { source, handOff } = answer;
  const isForbidden = (text: string): boolean =>
    (expected.not ?? []).some((one) => new RegExp(one, 'iu').test(plain(text)));
  const isUnknown = source === 'unknown';
  if (handOff !== undefined) return expected.hand_off === true ? 'right' : 'needless';
  if (expected.hand_off === true) return isUnknown ? 'missed' : 'wrong';
  if (expected.opt_out === true) return source === 'opt-out' ? 'right' : isUnknown ? 'missed' : 'wrong';
  if (source === 'opt-out') return 'wrong';
  if (expected.silent === true) return answer.text === '' ? 'right' : 'wrong';
  if (expected.social === true) return social.has(source) ? 'right' : isUnknown ? 'missed' : 'wrong';
  if (expected.unknown === true)
    return isUnknown && !isForbidden(answer.text) ? 'right' : social.has(source) ? 'missed' : 'wrong';
  const facts = expected.fact ?? [];
  const hasAll = (text: string): boolean =>
    facts.every((one) => new RegExp(one, 'iu').test(plain(text))) && !isForbidden(text);
  if (isUnknown) {
    // A message may ask two questions: an offer that answers one of them counts.
    const hasOne = (text: string): boolean =>
      facts.some((one) => new RegExp(one, 'iu').test(plain(text))) && !isForbidden(text);
    return offered.some(hasOne) ? 'partly' : 'missed';
  }
  if (social.has(source)) return 'missed';
  if (hasAll(answer.text)) return 'right';
  return facts.length > 1 &&
    !isForbidden(answer.text) &&
    facts.some((one) => new RegExp(one, 'iu').test(plain(answer.text)))
    ? 'missed'
    : 'wrong';
}
