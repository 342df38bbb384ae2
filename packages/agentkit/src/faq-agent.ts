import { cutText } from '@prosaas/runtime';
import { hoursAnswer, hoursOn, wallClock } from './opening-hours.ts';
import type { Profile } from './profile/profile.ts';
import { lookedAt } from './question-limits.ts';
import { handOffReply } from './replies.ts';
import type { Answer, FaqQuestion, HistoryEntry } from './answer.ts';
import { languagesOf } from './understanding/analysis.ts';
import { dayAnswer } from './understanding/day-answer.ts';
import { words } from './understanding/fold.ts';
import { type Knowledge, createKnowledge, correctedWordsOf } from './understanding/knowledge.ts';
import { type Language, type RuleName, phrasesOf } from './understanding/language.ts';
import { chosenOf, latestOffer, repeatedOf, writeOffer } from './understanding/offers.ts';
import { type Spans, patternOf, ruleOf, saysPhrase } from './understanding/rules.ts';
import { findSmallTalk } from './understanding/small-talk.ts';
import { type Found, type Understanding, understand } from './understanding/understand.ts';
import { type Said, unsaid } from './understanding/wording.ts';

/** An answer, and how it was found. */
export interface Explained {
  answer: Answer;
  understanding?: Understanding | undefined;
  /** The pattern of the rule that applied. */
  rule?: string | undefined;
}

/** Earlier messages, and characters of each and of this one, between which one may lean on another. */
const LEANING_MESSAGES = 3;
const LEANING_LENGTH = 200;
/** Parts of a message that rules look at. */
const RULE_PARTS = 60;

interface Message {
  text: string;
  said: string[];
  spans: Spans;
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
    return this.#rule(question, this.#read(question))?.answer;
  }

  /** The profile in the language that the customer writes. */
  profileFor(question: FaqQuestion): Profile {
    return this.#read(question).profile;
  }

  answer(question: FaqQuestion): Answer {
    return this.explain(question).answer;
  }

  explain(question: FaqQuestion): Explained {
    const message = this.#read(question);
    const outbound = question.history.flatMap(({ direction, text }) =>
      direction === 'outbound' ? [text] : [],
    );
    const saidBefore = new Set(outbound);
    const said: Said = (text) => saidBefore.has(text);
    const explained =
      this.#rule(question, message) ??
      this.#chosen(question, message) ??
      this.#social(message) ??
      this.#understood(question, message, said);
    const { answer } = explained;
    const language = message.profile.language;
    const text = this.#reworded(answer, message.profile, said);
    return { ...explained, answer: { ...answer, text, ...(this.profile.translations && { language }) } };
  }

  /** The answer in words that the conversation has not had yet. Thanks for thanks are said once. */
  #reworded({ text, source, smallTalk }: Answer, profile: Profile, said: Said): string {
    if (text === '' || !said(text)) return text;
    if (smallTalk === 'greetings') {
      const again = this.#textsOf(profile).greetAgain;
      return again.find((one) => !said(one)) ?? unsaid(again[0] ?? text, this.#repeats(profile), said);
    }
    if (source === 'small-talk' && smallTalk !== undefined) return '';
    return unsaid(text, this.#repeats(profile), said);
  }

  #read({ text: message, history }: FaqQuestion): Message {
    const { languages, own } = this.#knowledge;
    const text = lookedAt(message);
    const said = this.#wordsOf(text);
    const spoken = languagesOf(said, languages, own);
    const english = languages.filter(({ code }) => code === 'en');
    return {
      text,
      said,
      spans: {
        whole: said.filter((word, at) => word !== said[at - 1]),
        clauses: this.#parts(text, /[.!?;,:\n؟¿¡…،]+|\s-\s/u),
        sentences: this.#parts(text, /[.!?;\n؟¿¡…]+/u),
      },
      languages: [...new Set([...spoken, own, ...english])],
      profile: this.#profileFor(said, history),
    };
  }

  #wordsOf(text: string): string[] {
    return correctedWordsOf(text, this.#knowledge).map(({ word }) => word);
  }

  #parts(text: string, between: RegExp): string[][] {
    return text
      .split(between, RULE_PARTS)
      .map((part) => this.#wordsOf(part))
      .filter((part) => part.length > 0);
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
    { spans, languages, profile }: Message,
  ): Explained | undefined {
    const { optOut, optIn, handOff, emergency } = profile;
    const whole = spans.whole.join(' ');
    const isWhole = (list: readonly string[]): boolean => list.some((one) => words(one).join(' ') === whole);
    const saysOf = (name: RuleName, list: readonly string[] = []): string | undefined =>
      list.find((one) => saysPhrase(words(one), name, spans, languages));
    const optOutRule = isWhole(optOut.words) ? whole : ruleOf('optOut', spans, languages);
    if (optOutRule !== undefined)
      return { answer: { text: optOut.reply, source: 'opt-out' }, rule: optOutRule };
    if (isOptedOut) {
      const optInRule = isWhole(optIn?.words ?? []) ? whole : ruleOf('optIn', spans, languages);
      const text = optIn?.reply ?? this.#textsOf(profile).resume;
      if (optInRule !== undefined) return { answer: { text, source: 'opt-in' }, rule: optInRule };
    }
    const person = (reason: 'complaint' | 'asked', rule: string): Explained => ({
      answer: { text: handOffReply(profile, now), handOff: reason, source: 'hand-off' },
      rule,
    });
    const urgent = saysOf('emergency', emergency?.words);
    if (emergency && urgent !== undefined)
      return { answer: { text: emergency.reply, handOff: 'emergency', source: 'hand-off' }, rule: urgent };
    const complaint = saysOf('complaint', handOff.complaints) ?? ruleOf('complaint', spans, languages);
    if (complaint !== undefined) return person('complaint', complaint);
    const phrases = handOff.words.filter((one) => words(one).length > 1);
    const asked =
      (isWhole(handOff.words) ? whole : saysOf('handOff', phrases)) ?? this.#wish(spans, languages);
    return asked === undefined ? undefined : person('asked', asked);
  }

  #wish(spans: Spans, languages: readonly Language[]): string | undefined {
    for (const { code, fillers } of languages) {
      const rule = this.#knowledge.handOffRules.get(code);
      const pattern = rule && patternOf(rule, 'handOff', spans, fillers);
      if (pattern !== undefined) return pattern;
    }
    return undefined;
  }

  #social({ text, said, spans, languages, profile }: Message): Explained | undefined {
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
      const rule = ruleOf(name, spans, languages);
      if (rule !== undefined)
        return { answer: { text: smallTalk[name] ?? texts[name], source: 'small-talk' }, rule };
    }
    return undefined;
  }

  /** A number, the words of one of the questions that were offered, or a yes where one was. */
  #chosen({ history, now }: FaqQuestion, { said, languages, profile }: Message): Explained | undefined {
    const offered = this.#offeredIn(history, languages);
    const [only, ...others] = offered;
    if (only === undefined) return undefined;
    const picked = chosenOf(said, offered.length, languages);
    const isYesOrNo = findSmallTalk(said, languages).kind === 'yesOrNo';
    const isYes = isYesOrNo && languages.some(({ yes }) => said.some((word) => yes.has(word)));
    // Not a question that was missed: nothing was asked.
    if (picked === 'none' || (isYesOrNo && !isYes))
      return { answer: { text: profile.unknown[0] ?? '', source: 'small-talk' } };
    const repeated = repeatedOf(
      said,
      offered.map((topic) => this.#questionOf(topic, profile)),
    );
    const isOnly = isYes && others.length === 0;
    const chosen = isOnly ? [0] : (picked ?? (repeated === undefined ? [] : [repeated]));
    const found = chosen.flatMap((at): Found[] => {
      const topic = offered[at];
      return topic === undefined ? [] : [{ kind: 'topic', topic, score: 1, coverage: 1 }];
    });
    return found.length === 0 ? undefined : { answer: this.#answerTo(found, profile, now) };
  }

  /** The topics of the latest offer, unless it was turned down. */
  #offeredIn(history: readonly HistoryEntry[], languages: readonly Language[]): number[] {
    const outbound = history.filter(({ direction }) => direction === 'outbound');
    const offer = latestOffer(outbound.map(({ text }) => text));
    const topics = offer.questions.map((question) => this.#knowledge.exact.get(words(question).join(' ')));
    // A numbered list that somebody else wrote.
    if (topics.includes(undefined)) return [];
    const since = history.slice(history.findLastIndex(({ text }) => text === offer.text) + 1);
    const isTurnedDown = since.some(
      ({ direction, text }) =>
        direction === 'inbound' &&
        text.length < 100 &&
        chosenOf(words(text), topics.length, languages) === 'none',
    );
    return isTurnedDown ? [] : topics.filter((topic) => topic !== undefined);
  }

  #understood(question: FaqQuestion, { text, profile }: Message, said: Said): Explained {
    const mayLean = text.length <= LEANING_LENGTH;
    const previous = mayLean ? this.#previousTopic(question) : undefined;
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
    // `Are you open on Friday?`, `and on Sunday?`, `and Saturday?`: the hours.
    const asked = history.filter(({ direction }) => direction === 'inbound').slice(-LEANING_MESSAGES);
    for (const { text } of asked.toReversed()) {
      const [first] = understand(cutText(text, LEANING_LENGTH), this.#knowledge, this.profile, { now }).found;
      if (first) return first.kind === 'days' ? this.#knowledge.hoursTopic : first.topic;
    }
    return undefined;
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
  dates.length === 1 && dates[0] === wallClock(now, timeZone).date && hoursOn(hours, dates[0]).length > 0;

const codeOf = (profile: Profile): string => new Intl.Locale(profile.language).language;
