import { hoursAnswer } from './opening-hours.ts';
import type { Profile } from './profile.ts';
import { lookedAt } from './question-limits.ts';
import { Retrieval } from './retrieval.ts';
import { saysPhrase, words } from './words.ts';

export interface HistoryEntry {
  direction: 'inbound' | 'outbound';
  text: string;
}

export type AnswerSource = 'faq' | 'hours' | 'greeting' | 'hand-off' | 'opt-out' | 'unknown' | 'model';

export interface Answer {
  text: string;
  /** A person should take over. */
  handOff: boolean;
  source: AnswerSource;
}

type Found = Pick<Answer, 'text' | 'source'>;
type Finding = (now: Date) => Found;
type Said = (text: string) => boolean;

const commonGreetings = [
  'hi',
  'hello',
  'hey',
  'good morning',
  'good afternoon',
  'good evening',
  'שלום',
  'היי',
  'مرحبا',
  'bonjour',
  'hola',
];

/** Answers from the profile alone: no network, and the same answer to the same question, history and time. */
export class FaqAgent {
  readonly #profile: Profile;
  readonly #retrieval: Retrieval<Finding>;
  readonly #greetings: Set<string>;
  readonly #optOuts: Set<string>;

  constructor(profile: Profile) {
    this.#profile = profile;
    this.#greetings = new Set([...commonGreetings, ...(profile.greetings ?? [])].map(normal));
    this.#optOuts = new Set(profile.optOut.words.map(normal));
    this.#retrieval = new Retrieval<Finding>([
      ...profile.faq.map(({ question, answer, also = [] }) => ({
        questions: [question, ...also],
        text: answer,
        value: (): Found => ({ text: answer, source: 'faq' }),
      })),
      {
        questions: profile.hours.questions,
        value: (now: Date): Found => ({ text: hoursAnswer(profile, now), source: 'hours' }),
      },
    ]);
  }

  /** What must not be left to a model: a wish to be left alone, or to talk to a person. */
  rule(message: string): Answer | undefined {
    const text = lookedAt(message);
    const { optOut, handOff } = this.#profile;
    if (this.#optOuts.has(normal(text))) return { text: optOut.reply, handOff: false, source: 'opt-out' };
    const asked = words(text);
    if (handOff.words.some((phrase) => saysPhrase(asked, phrase))) {
      return { text: handOff.reply, handOff: true, source: 'hand-off' };
    }
    return undefined;
  }

  answer(message: string, history: readonly HistoryEntry[], now: Date): Answer {
    const text = lookedAt(message);
    const outbound = new Set(
      history.filter((entry) => entry.direction === 'outbound').map((entry) => entry.text),
    );
    const said: Said = (candidate) => outbound.has(candidate);
    const ruled = this.rule(text);
    if (ruled) return { ...ruled, text: this.#unsaid(ruled.text, said) };
    if (this.#greetings.has(normal(text))) {
      return { text: this.#unsaid(this.#profile.greeting, said), handOff: false, source: 'greeting' };
    }
    const found = this.#retrieval.find(text)?.(now);
    if (found) return { ...found, text: this.#unsaid(found.text, said), handOff: false };
    const unknown = this.#profile.unknown.find((candidate) => !said(candidate));
    if (unknown) return { text: unknown, handOff: false, source: 'unknown' };
    return { text: this.#unsaid(this.#profile.handOff.reply, said), handOff: true, source: 'hand-off' };
  }

  /** The same answer in words that this conversation has not had yet. */
  #unsaid(answer: string, said: Said): string {
    if (!said(answer)) return answer;
    const again = this.#profile.repeats.map((template) => template.replaceAll('{answer}', () => answer));
    const fresh = again.find((candidate) => !said(candidate));
    if (fresh !== undefined) return fresh;
    let turn = 2;
    while (said(`${again[0] ?? answer} (${turn})`)) turn++;
    return `${again[0] ?? answer} (${turn})`;
  }
}

function normal(text: string): string {
  return words(text).join(' ');
}
