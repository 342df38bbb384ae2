import { cutText } from '@prosaas/runtime';
import { hoursAnswer, hoursOn } from './opening-hours.ts';
import { wallClock } from './wall-clock.ts';
import type { Profile } from './profile/profile.ts';
import { truncateQuestion } from './question-limits.ts';
import { handOffReply } from './replies.ts';
import type { Answer, FaqQuestion, HistoryEntry } from './answer.ts';
import { detectLanguages } from './understanding/analysis.ts';
import type { Intent } from './understanding/clause-reading.ts';
import { dayAnswer } from './understanding/day-answer.ts';
import { words } from './understanding/fold.ts';
import { type Knowledge, createKnowledge, correctedTokens } from './understanding/knowledge.ts';
import { type Language, type RuleName, phrasesOf } from './understanding/language.ts';
import { readChoice, latestOffer, closestOffered, writeOffer } from './understanding/offers.ts';
import { type Spans, matchingPattern, matchingRule, containsPhrase } from './understanding/rules.ts';
import { findSmallTalk } from './understanding/small-talk.ts';
import { type Understanding, understand } from './understanding/understand.ts';
import { type WasSaid, rephrase } from './understanding/rephrase.ts';

/** An answer, and how it was found. */
export interface Explained {
  answer: Answer;
  understanding?: Understanding | undefined;
  /** The pattern of the rule that applied. */
  rule?: string | undefined;
}

/** Earlier messages of the customer in which the topic of a follow-up question is looked for. */
const FOLLOW_UP_MESSAGES = 3;
/** Characters of a message that may be a follow-up question, and of each earlier one. */
const MAX_FOLLOW_UP_LENGTH = 200;
/** Clauses or sentences of a message that rules are matched with. */
const MAX_RULE_PARTS = 60;

interface Message {
  text: string;
  tokens: string[];
  spans: Spans;
  /** The languages that the message may be in, that of the profile, and English. */
  languages: Language[];
  /** In the customer's language, if the profile has it. */
  profile: Profile;
}

/** Answers from the profile alone, without a network. The same question, history and time always get the same answer. */
export class FaqAgent {
  readonly profile: Profile;
  readonly #knowledge: Knowledge;
  readonly #greetings: string[][];

  constructor(profile: Profile) {
    this.profile = profile;
    this.#knowledge = createKnowledge(profile);
    this.#greetings = phrasesOf(profile.greetings ?? []);
  }

  /** The answer to what must not be left to a model: opting out or in, an emergency, a complaint, or a wish for a person. */
  rule(question: FaqQuestion): Answer | undefined {
    return this.#ruleAnswer(question, this.#read(question))?.answer;
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
    const wasSaid: WasSaid = (text) => saidBefore.has(text);
    const explained =
      this.#ruleAnswer(question, message) ??
      this.#answerToOffer(question, message) ??
      this.#smallTalkAnswer(message) ??
      this.#topicAnswer(question, message, wasSaid);
    const { answer } = explained;
    const language = message.profile.language;
    const text = this.#withoutRepetition(answer, message.profile, wasSaid);
    return { ...explained, answer: { ...answer, text, ...(this.profile.translations && { language }) } };
  }

  /** The text of an answer, reworded if the conversation already has it. Small talk other than a greeting is answered once. */
  #withoutRepetition({ text, source, smallTalk }: Answer, profile: Profile, wasSaid: WasSaid): string {
    if (text === '' || !wasSaid(text)) return text;
    if (smallTalk === 'greetings') {
      const again = this.#textsOf(profile).greetAgain;
      return (
        again.find((one) => !wasSaid(one)) ?? rephrase(again[0] ?? text, this.#repeats(profile), wasSaid)
      );
    }
    if (source === 'small-talk' && smallTalk !== undefined) return '';
    return rephrase(text, this.#repeats(profile), wasSaid);
  }

  #read({ text: message, history }: FaqQuestion): Message {
    const { languages, profileLanguage } = this.#knowledge;
    const text = truncateQuestion(message);
    const tokens = this.#tokensOf(text);
    const spoken = detectLanguages(tokens, languages, profileLanguage);
    const english = languages.filter(({ code }) => code === 'en');
    return {
      text,
      tokens,
      spans: {
        whole: tokens.filter((word, at) => word !== tokens[at - 1]),
        clauses: this.#split(text, /[.!?;,:\n؟¿¡…،]+|\s-\s/u),
        sentences: this.#split(text, /[.!?;\n؟¿¡…]+/u),
      },
      languages: [...new Set([...spoken, profileLanguage, ...english])],
      profile: this.#profileInLanguageOf(tokens, history),
    };
  }

  #tokensOf(text: string): string[] {
    return correctedTokens(text, this.#knowledge).map(({ word }) => word);
  }

  #split(text: string, between: RegExp): string[][] {
    return text
      .split(between, MAX_RULE_PARTS)
      .map((part) => this.#tokensOf(part))
      .filter((part) => part.length > 0);
  }

  /** The profile in the language of the message. If that is not clear, in the language of one of the customer's last five messages. */
  #profileInLanguageOf(tokens: readonly string[], history: readonly HistoryEntry[]): Profile {
    const { translations } = this.profile;
    if (!translations) return this.profile;
    const profiles = new Map([this.profile, ...Object.values(translations)].map((one) => [codeOf(one), one]));
    const known = this.#knowledge.languages.filter(({ code }) => profiles.has(code));
    const inbound = history.flatMap(({ direction, text }) =>
      direction === 'inbound' ? [words(truncateQuestion(text))] : [],
    );
    for (const one of [tokens, ...inbound.toReversed().slice(0, 5)]) {
      const spoken = detectLanguages(one, known);
      const [only] = spoken;
      if (only && spoken.length === 1) return profiles.get(only.code) ?? this.profile;
    }
    return this.profile;
  }

  #ruleAnswer(
    { now, isOptedOut = false }: FaqQuestion,
    { spans, languages, profile }: Message,
  ): Explained | undefined {
    const { optOut, optIn, handOff, emergency } = profile;
    const whole = spans.whole.join(' ');
    const isWhole = (list: readonly string[]): boolean => list.some((one) => words(one).join(' ') === whole);
    const saysOf = (name: RuleName, list: readonly string[] = []): string | undefined =>
      list.find((one) => containsPhrase(words(one), name, spans, languages));
    const optOutRule = isWhole(optOut.words) ? whole : matchingRule('optOut', spans, languages);
    if (optOutRule !== undefined)
      return { answer: { text: optOut.reply, source: 'opt-out' }, rule: optOutRule };
    if (isOptedOut) {
      const optInRule = isWhole(optIn?.words ?? []) ? whole : matchingRule('optIn', spans, languages);
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
    const complaint = saysOf('complaint', handOff.complaints) ?? matchingRule('complaint', spans, languages);
    if (complaint !== undefined) return person('complaint', complaint);
    const phrases = handOff.words.filter((one) => words(one).length > 1);
    const asked =
      (isWhole(handOff.words) ? whole : saysOf('handOff', phrases)) ?? this.#handOffPattern(spans, languages);
    return asked === undefined ? undefined : person('asked', asked);
  }

  #handOffPattern(spans: Spans, languages: readonly Language[]): string | undefined {
    for (const { code, fillers } of languages) {
      const rule = this.#knowledge.handOffRules.get(code);
      const pattern = rule && matchingPattern(rule, 'handOff', spans, fillers);
      if (pattern !== undefined) return pattern;
    }
    return undefined;
  }

  #smallTalkAnswer({ text, tokens, spans, languages, profile }: Message): Explained | undefined {
    const { greeting, smallTalk = {} } = profile;
    if (tokens.length === 0) {
      const isEmoji = /\p{Extended_Pictographic}/u.test(text);
      return isEmoji
        ? { answer: { text: '', source: 'small-talk', smallTalk: 'acknowledgements' } }
        : undefined;
    }
    const { kind } = findSmallTalk(tokens, languages, this.#greetings);
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
      const rule = matchingRule(name, spans, languages);
      if (rule !== undefined)
        return { answer: { text: smallTalk[name] ?? texts[name], source: 'small-talk' }, rule };
    }
    return undefined;
  }

  /** Answers a message that chooses from an offer: by number, in words of an offered question, or with a yes if only one was offered. */
  #answerToOffer(
    { history, now }: FaqQuestion,
    { tokens, languages, profile }: Message,
  ): Explained | undefined {
    const offered = this.#openOffer(history, languages);
    const [only, ...others] = offered;
    if (only === undefined) return undefined;
    const picked = readChoice(tokens, offered.length, languages);
    const isYesOrNo = findSmallTalk(tokens, languages).kind === 'yesOrNo';
    const isYes = isYesOrNo && languages.some(({ yes }) => tokens.some((word) => yes.has(word)));
    // `source` is not `unknown`: that would count as a question that was not understood.
    if (picked === 'none' || (isYesOrNo && !isYes))
      return { answer: { text: profile.unknown[0] ?? '', source: 'small-talk' } };
    const repeated = closestOffered(
      tokens,
      offered.map((topic) => this.#questionOf(topic, profile)),
    );
    const isOnly = isYes && others.length === 0;
    const chosen = isOnly ? [0] : (picked ?? (repeated === undefined ? [] : [repeated]));
    const intents = chosen.flatMap((at): Intent[] => {
      const topic = offered[at];
      return topic === undefined ? [] : [{ kind: 'topic', topic, score: 1, coverage: 1 }];
    });
    return intents.length === 0 ? undefined : { answer: this.#answerTo(intents, profile, now) };
  }

  /** The topics of the latest offer, unless the customer turned it down. */
  #openOffer(history: readonly HistoryEntry[], languages: readonly Language[]): number[] {
    const outbound = history.filter(({ direction }) => direction === 'outbound');
    const offer = latestOffer(outbound.map(({ text }) => text));
    const topics = offer.questions.map((question) => this.#knowledge.exact.get(words(question).join(' ')));
    // A numbered list that is not an offer.
    if (topics.includes(undefined)) return [];
    const since = history.slice(history.findLastIndex(({ text }) => text === offer.text) + 1);
    const isTurnedDown = since.some(
      ({ direction, text }) =>
        direction === 'inbound' &&
        text.length < 100 &&
        readChoice(words(text), topics.length, languages) === 'none',
    );
    return isTurnedDown ? [] : topics.filter((topic) => topic !== undefined);
  }

  #topicAnswer(question: FaqQuestion, { text, profile }: Message, wasSaid: WasSaid): Explained {
    const isShort = text.length <= MAX_FOLLOW_UP_LENGTH;
    const previous = isShort ? this.#previousTopic(question) : undefined;
    const context = { now: question.now, ...(previous !== undefined && { previous: { topic: previous } }) };
    const understanding = understand(text, this.#knowledge, this.profile, context);
    const { intents, offered } = understanding;
    if (intents.length > 0) return { answer: this.#answerTo(intents, profile, question.now), understanding };
    if (offered.length > 0) {
      const questions = offered.map((topic) => this.#questionOf(topic, profile));
      const offer = writeOffer(profile.offer ?? this.#textsOf(profile).offer, questions);
      if (!wasSaid(offer))
        return { answer: { text: offer, source: 'unknown', offered: questions }, understanding };
    }
    const unknown = profile.unknown.find((candidate) => !wasSaid(candidate)) ?? profile.unknown[0] ?? '';
    return { answer: { text: unknown, source: 'unknown' }, understanding };
  }

  #questionOf(topic: number, profile: Profile): string {
    return profile.faq[topic]?.question ?? profile.hours.questions[0] ?? '';
  }

  #answerTo(intents: readonly Intent[], profile: Profile, now: Date): Answer {
    const { hoursTopic, profileLanguage, languages } = this.#knowledge;
    const language = languages.find(({ code }) => code === codeOf(profile)) ?? profileLanguage;
    const texts = intents.map((one) => {
      if (one.kind === 'days' && !isToday(one.dates, profile, now))
        return one.dates.map((date) => dayAnswer(profile, language, date)).join(' ');
      return one.kind === 'days' || one.topic === hoursTopic
        ? hoursAnswer(profile, now)
        : (profile.faq[one.topic]?.answer ?? '');
    });
    const entries = intents.flatMap((one) =>
      one.kind === 'topic' && one.topic !== hoursTopic ? [this.#questionOf(one.topic, this.profile)] : [],
    );
    return {
      text: texts.join('\n\n'),
      source: entries.length > 0 ? 'faq' : 'hours',
      ...(entries.length > 0 && { entries }),
    };
  }

  /** The topic that the conversation was about: the entry that was answered last, or what the customer last asked for. */
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
    // An answer about the hours holds no entry: `Are you open on Friday?`, `and on Sunday?`, `and Saturday?`.
    const asked = history.filter(({ direction }) => direction === 'inbound').slice(-FOLLOW_UP_MESSAGES);
    for (const { text } of asked.toReversed()) {
      const cut = cutText(text, MAX_FOLLOW_UP_LENGTH);
      const [first] = understand(cut, this.#knowledge, this.profile, { now }).intents;
      if (first) return first.kind === 'days' ? this.#knowledge.hoursTopic : first.topic;
    }
    return undefined;
  }

  #textsOf(profile: Profile): Language['texts'] {
    const { languages, profileLanguage } = this.#knowledge;
    return (languages.find(({ code }) => code === codeOf(profile)) ?? profileLanguage).texts;
  }

  #repeats(profile: Profile): string[] {
    return [...profile.repeats, ...this.#textsOf(profile).repeats];
  }
}

/** Whether the one date is today, and the business opens today: then the answer is whether it is open now. */
const isToday = (dates: readonly string[], { hours, timeZone }: Profile, now: Date): boolean =>
  dates.length === 1 && dates[0] === wallClock(now, timeZone).date && hoursOn(hours, dates[0]).length > 0;

const codeOf = (profile: Profile): string => new Intl.Locale(profile.language).language;
