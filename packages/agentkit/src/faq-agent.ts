import { hoursAnswer, stretchesOf, wallClock } from './opening-hours.ts';
import type { Profile } from './profile/profile.ts';
import { lookedAt } from './question-limits.ts';
import { handOffReply } from './replies.ts';
import { languagesOf } from './understanding/analysis.ts';
import { dayAnswer } from './understanding/day-answer.ts';
import { words } from './understanding/fold.ts';
import { type Knowledge, createKnowledge, heard } from './understanding/knowledge.ts';
import { type Language, type RuleName, type SmallTalk, phrasesOf } from './understanding/language.ts';
import { chosenOf, latestOffer, repeatedOf, writeOffer } from './understanding/offers.ts';
import { matches } from './understanding/patterns.ts';
import { ruleOf } from './understanding/rules.ts';
import { findSmallTalk } from './understanding/small-talk.ts';
import { type Found, type Understanding, understand } from './understanding/understand.ts';
import { type Said, unsaid } from './understanding/wording.ts';

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

/** An answer, and how it was found. */
export interface Explained {
  answer: Answer;
  understanding?: Understanding | undefined;
  /** The pattern of the rule that applied. */
  rule?: string | undefined;
}

interface Heard {
  text: string;
  said: string[];
  /** The languages that the message may be in, and those of the profile. */
  languages: Language[];
  /** In the customer's language, where there is one. */
  profile: Profile;
}

/** Answers from the profile alone: no network, and the same answer to the same question, history and time. */
export class FaqAgent {
  readonly profile: Profile;
  readonly #knowledge: Knowledge;
  readonly #greetings: string[][];

  constructor(profile: Profile) {
    this.profile = profile;
    this.#knowledge = createKnowledge(profile);
    this.#greetings = phrasesOf(profile.greetings ?? []);
  }

  /** What must not be left to a model: a wish to be left alone, or to talk to a person. */
  rule(question: FaqQuestion): Answer | undefined {
    return this.#rule(question, this.#hear(question))?.answer;
  }

  /** The profile in the language that the customer writes. */
  profileFor(question: FaqQuestion): Profile {
    return this.#hear(question).profile;
  }

  answer(question: FaqQuestion): Answer {
    return this.explain(question).answer;
  }

  explain(question: FaqQuestion): Explained {
    const message = this.#hear(question);
    const outbound = question.history.flatMap(({ direction, text }) =>
      direction === 'outbound' ? [text] : [],
    );
    const heardBefore = new Set(outbound);
    const said: Said = (text) => heardBefore.has(text);
    const explained =
      this.#rule(question, message) ??
      this.#social(message) ??
      this.#chosen(question, message, outbound) ??
      this.#understood(question, message, said);
    const { answer } = explained;
    const language = message.profile.language;
    const text = answer.text && unsaid(answer.text, this.#repeats(message.profile), said);
    return { ...explained, answer: { ...answer, text, ...(this.profile.translations && { language }) } };
  }

  #hear({ text: message, history }: FaqQuestion): Heard {
    const { languages, own } = this.#knowledge;
    const text = lookedAt(message);
    const said = heard(text, this.#knowledge).map(({ word }) => word);
    const spoken = languagesOf(said, languages, own);
    const english = languages.filter(({ code }) => code === 'en');
    return {
      text,
      said,
      languages: [...new Set([...spoken, own, ...english])],
      profile: this.#profileFor(said, history),
    };
  }

  /** The profile in the language of the message; of a message without a telling word, in that of those before. */
  #profileFor(said: readonly string[], history: readonly HistoryEntry[]): Profile {
    const { translations } = this.profile;
    if (!translations) return this.profile;
    const profiles = new Map([this.profile, ...Object.values(translations)].map((one) => [codeOf(one), one]));
    const known = this.#knowledge.languages.filter(({ code }) => profiles.has(code));
    const inbound = history.flatMap(({ direction, text }) =>
      direction === 'inbound' ? [words(lookedAt(text))] : [],
    );
    for (const one of [said, ...inbound.toReversed().slice(0, 5)]) {
      const spoken = languagesOf(one, known);
      const [only] = spoken;
      if (only && spoken.length === 1) return profiles.get(only.code) ?? this.profile;
    }
    return this.profile;
  }

  #rule(
    { now, isOptedOut = false }: FaqQuestion,
    { said, languages, profile }: Heard,
  ): Explained | undefined {
    const { optOut, optIn, handOff, emergency } = profile;
    const whole = said.join(' ');
    const isWhole = (list: readonly string[]): boolean => list.some((one) => words(one).join(' ') === whole);
    const saysOf = (list: readonly string[] = []): string | undefined =>
      list.find((one) => saysPhrase(said, one));
    const optOutRule = isWhole(optOut.words) ? whole : ruleOf('optOut', said, languages);
    if (optOutRule !== undefined)
      return { answer: { text: optOut.reply, source: 'opt-out' }, rule: optOutRule };
    if (isOptedOut) {
      const optInRule = isWhole(optIn?.words ?? []) ? whole : ruleOf('optIn', said, languages);
      const text = optIn?.reply ?? this.#textsOf(profile).resume;
      if (optInRule !== undefined) return { answer: { text, source: 'opt-in' }, rule: optInRule };
    }
    const person = (reason: 'complaint' | 'asked', rule: string): Explained => ({
      answer: { text: handOffReply(profile, now), handOff: reason, source: 'hand-off' },
      rule,
    });
    const urgent = saysOf(emergency?.words);
    if (emergency && urgent !== undefined)
      return { answer: { text: emergency.reply, handOff: 'emergency', source: 'hand-off' }, rule: urgent };
    const complaint = saysOf(handOff.complaints) ?? ruleOf('complaint', said, languages);
    if (complaint !== undefined) return person('complaint', complaint);
    const phrases = handOff.words.filter((one) => words(one).length > 1);
    const asked = (isWhole(handOff.words) ? whole : saysOf(phrases)) ?? this.#wish(said, languages);
    return asked === undefined ? undefined : person('asked', asked);
  }

  #wish(said: readonly string[], languages: readonly Language[]): string | undefined {
    for (const { code, fillers } of languages) {
      const { patterns, exceptions } = this.#knowledge.handOffRules.get(code) ?? {
        patterns: [],
        exceptions: [],
      };
      const pattern = patterns.find((one) => matches(one, said, fillers));
      if (pattern && !exceptions.some((one) => matches(one, said, fillers))) return pattern.source;
    }
    return undefined;
  }

  #social({ text, said, languages, profile }: Heard): Explained | undefined {
    const { greeting, smallTalk = {} } = profile;
    if (said.length === 0) {
      const isEmoji = /\p{Extended_Pictographic}/u.test(text);
      return isEmoji
        ? { answer: { text: '', source: 'small-talk', smallTalk: 'acknowledgements' } }
        : undefined;
    }
    const { kind } = findSmallTalk(said, languages, this.#greetings);
    const texts = this.#textsOf(profile);
    if (kind === 'greetings') return { answer: { text: greeting, source: 'greeting', smallTalk: kind } };
    if (kind !== undefined) {
      const replies = {
        thanks: smallTalk.thanks ?? texts.thanks,
        goodbyes: smallTalk.goodbye ?? texts.goodbye,
        acknowledgements: '',
        yesOrNo: '',
      };
      return { answer: { text: replies[kind], source: 'small-talk', smallTalk: kind } };
    }
    for (const name of ['identity', 'calm'] satisfies RuleName[]) {
      const rule = ruleOf(name, said, languages);
      if (rule !== undefined)
        return { answer: { text: smallTalk[name] ?? texts[name], source: 'small-talk' }, rule };
    }
    return undefined;
  }

  /** A number, or the words of one of the questions that were offered. */
  #chosen(
    { now }: FaqQuestion,
    { said, languages, profile }: Heard,
    outbound: readonly string[],
  ): Explained | undefined {
    const offered = latestOffer(outbound);
    if (offered.length === 0) return undefined;
    const topics = offered.map((question) => this.#knowledge.exact.get(words(question).join(' ')));
    const chosen = chosenOf(said, offered.length, languages);
    if (chosen === 'none') return { answer: { text: profile.unknown[0] ?? '', source: 'unknown' } };
    const repeated = repeatedOf(said, offered);
    const picked = chosen ?? (repeated === undefined ? [] : [repeated]);
    const found = picked.flatMap((at): Found[] => {
      const topic = topics[at];
      return topic === undefined ? [] : [{ kind: 'topic', topic, score: 1, coverage: 1 }];
    });
    return found.length === 0 ? undefined : { answer: this.#answerTo(found, profile, now) };
  }

  #understood(question: FaqQuestion, { text, profile }: Heard, said: Said): Explained {
    const previous = this.#previousTopic(question);
    const context = { now: question.now, ...(previous !== undefined && { previous: { topic: previous } }) };
    const understanding = understand(text, this.#knowledge, this.profile, context);
    const { found, offered } = understanding;
    if (found.length > 0) return { answer: this.#answerTo(found, profile, question.now), understanding };
    if (offered.length > 0) {
      const questions = offered.map((topic) => this.#questionOf(topic, profile));
      const offer = writeOffer(profile.offer ?? this.#textsOf(profile).offer, questions);
      if (!said(offer))
        return { answer: { text: offer, source: 'unknown', offered: questions }, understanding };
    }
    const unknown = profile.unknown.find((candidate) => !said(candidate)) ?? profile.unknown[0] ?? '';
    return { answer: { text: unknown, source: 'unknown' }, understanding };
  }

  #questionOf(topic: number, profile: Profile): string {
    return profile.faq[topic]?.question ?? profile.hours.questions[0] ?? '';
  }

  #answerTo(found: readonly Found[], profile: Profile, now: Date): Answer {
    const { hoursTopic, own, languages } = this.#knowledge;
    const language = languages.find(({ code }) => code === codeOf(profile)) ?? own;
    const texts = found.map((one) => {
      if (one.kind === 'days' && !isToday(one.dates, profile, now))
        return one.dates.map((date) => dayAnswer(profile, language, date)).join(' ');
      return one.kind === 'days' || one.topic === hoursTopic
        ? hoursAnswer(profile, now)
        : (profile.faq[one.topic]?.answer ?? '');
    });
    const entries = found.flatMap((one) =>
      one.kind === 'topic' && one.topic !== hoursTopic ? [this.#questionOf(one.topic, this.profile)] : [],
    );
    return {
      text: texts.join('\n\n'),
      source: entries.length > 0 ? 'faq' : 'hours',
      ...(entries.length > 0 && { entries }),
    };
  }

  /** What the conversation was about: the entry that was answered last, or the opening hours. */
  #previousTopic({ history, now }: FaqQuestion): number | undefined {
    const last = history.findLast(({ direction }) => direction === 'outbound')?.text;
    if (last === undefined) return undefined;
    let found: { topic: number; at: number } | undefined;
    for (const profile of [this.profile, ...Object.values(this.profile.translations ?? {})]) {
      for (const [topic, { answer }] of profile.faq.entries()) {
        const at = last.lastIndexOf(answer);
        if (at >= 0 && at + answer.length > (found?.at ?? -1)) found = { topic, at: at + answer.length };
      }
    }
    if (found) return found.topic;
    const asked = history.findLast(({ direction }) => direction === 'inbound')?.text;
    if (asked === undefined) return undefined;
    const before = understand(lookedAt(asked), this.#knowledge, this.profile, { now });
    const [first] = before.found;
    return first?.kind === 'days' ? this.#knowledge.hoursTopic : first?.topic;
  }

  #textsOf(profile: Profile): Language['texts'] {
    const { languages, own } = this.#knowledge;
    return (languages.find(({ code }) => code === codeOf(profile)) ?? own).texts;
  }

  #repeats(profile: Profile): string[] {
    return [...profile.repeats, ...this.#textsOf(profile).repeats];
  }
}

/** Of a day on which the business is or was open, what counts is whether it is now. */
const isToday = (dates: readonly string[], { hours, timeZone }: Profile, now: Date): boolean =>
  dates.length === 1 && dates[0] === wallClock(now, timeZone).date && stretchesOf(hours, dates[0]).length > 0;

const codeOf = (profile: Profile): string => new Intl.Locale(profile.language).language;

/** Whether the words of `phrase` stand in `text` one after another. */
function saysPhrase(said: readonly string[], phrase: string): boolean {
  const wanted = words(phrase);
  if (wanted.length === 0) return false;
  return said.some((_, at) => wanted.every((word, offset) => said[at + offset] === word));
}
