import { hoursAnswer } from './opening-hours.ts';
import type { Profile } from './profile/profile.ts';
import { lookedAt } from './question-limits.ts';
import { Retrieval } from './retrieval.ts';
import { handOffReply } from './replies.ts';
import {
  type SmallTalk,
  type WishedFor,
  compilePhrases,
  compileWishes,
  smallTalkOf,
  wishesFor,
} from './phrases.ts';
import { saysPhrase, words } from './words.ts';

/** For a profile without words of its own. */
const defaultOptIns = ['start', 'unstop', 'התחל', 'empezar', 'alta', 'reprendre', 'anfangen', 'iniciar'];

export interface HistoryEntry {
  direction: 'inbound' | 'outbound';
  text: string;
}

export type AnswerSource =
  | 'faq'
  | 'hours'
  | 'greeting'
  | 'small-talk'
  | 'hand-off'
  | 'opt-out'
  | 'opt-in'
  | 'unknown'
  | 'model';

export interface Answer {
  /** Empty: small talk that needs no answer. */
  text: string;
  /** Why a person should take over, if one should. */
  handOff?: 'asked' | 'complaint' | 'emergency' | 'not_understood' | undefined;
  source: AnswerSource;
  /** Of what kind, where the message is nothing else. */
  smallTalk?: SmallTalk | undefined;
  /** The language that the customer writes, one of the profile's: further texts to the customer are in it. */
  language?: string | undefined;
  /** The questions of the profile's entries that were answered, in order. */
  entries?: string[] | undefined;
  /** The questions that were offered instead of an answer, in order. */
  offered?: string[] | undefined;
}

export interface FaqQuestion {
  text: string;
  history: readonly HistoryEntry[];
  now: Date;
  isOptedOut?: boolean;
}

type Found = Pick<Answer, 'text' | 'source' | 'smallTalk'>;
type Finding = (now: Date) => Found;
type Said = (text: string) => boolean;

/** Answers from the profile alone: no network, and the same answer to the same question, history and time. */
export class FaqAgent {
  readonly profile: Profile;
  readonly #retrieval: Retrieval<Finding>;
  readonly #optOuts: Set<string>;
  readonly #optIns: Set<string>;
  readonly #greetings: string[][];
  readonly #people: WishedFor;

  constructor(profile: Profile) {
    this.profile = profile;
    this.#optOuts = new Set(profile.optOut.words.map(normal));
    this.#optIns = new Set((profile.optIn?.words ?? defaultOptIns).map(normal));
    this.#greetings = compilePhrases(profile.greetings ?? []);
    this.#people = compileWishes(profile.handOff.words);
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
  rule({ text: message, now, isOptedOut = false }: FaqQuestion): Answer | undefined {
    const text = lookedAt(message);
    const { optOut, optIn, handOff, emergency, greeting } = this.profile;
    const whole = normal(text);
    if (this.#optOuts.has(whole)) return { text: optOut.reply, source: 'opt-out' };
    if (isOptedOut && this.#optIns.has(whole)) return { text: optIn?.reply ?? greeting, source: 'opt-in' };
    const asked = words(text);
    if (emergency?.words.some((phrase) => saysPhrase(asked, phrase)) === true)
      return { text: emergency.reply, handOff: 'emergency', source: 'hand-off' };
    if (handOff.complaints?.some((phrase) => saysPhrase(asked, phrase)) === true)
      return { text: handOffReply(this.profile, now), handOff: 'complaint', source: 'hand-off' };
    if (wishesFor(asked, this.#people))
      return { text: handOffReply(this.profile, now), handOff: 'asked', source: 'hand-off' };
    return undefined;
  }

  answer(question: FaqQuestion): Answer {
    const { history, now } = question;
    const text = lookedAt(question.text);
    const outbound = new Set(
      history.filter((entry) => entry.direction === 'outbound').map((entry) => entry.text),
    );
    const said: Said = (candidate) => outbound.has(candidate);
    const ruled = this.rule(question);
    if (ruled) return { ...ruled, text: this.#unsaid(ruled.text, said) };
    const smallTalk = this.#smallTalk(text);
    if (smallTalk) return { ...smallTalk, text: smallTalk.text && this.#unsaid(smallTalk.text, said) };
    const found = this.#retrieval.find(text)?.(now);
    if (found) return { ...found, text: this.#unsaid(found.text, said) };
    const unknown = this.profile.unknown.find((candidate) => !said(candidate));
    return { text: unknown ?? this.#unsaid(this.profile.unknown[0] ?? '', said), source: 'unknown' };
  }

  #smallTalk(text: string): Found | undefined {
    const kind = smallTalkOf(text, this.#greetings);
    if (kind === undefined) return undefined;
    const { greeting, smallTalk = {} } = this.profile;
    if (kind === 'greetings') return { text: greeting, source: 'greeting', smallTalk: kind };
    const { thanks = '', goodbye = '' } = smallTalk;
    const reply = { thanks, goodbyes: goodbye, acknowledgements: '', yesOrNo: '' }[kind];
    return { text: reply, source: 'small-talk', smallTalk: kind };
  }

  /** The same answer in words that this conversation has not had yet. */
  #unsaid(answer: string, said: Said): string {
    if (!said(answer)) return answer;
    const again = this.profile.repeats.map((template) => template.replaceAll('{answer}', () => answer));
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
