import { RULE_WORDS } from '../question-limits.ts';
import type { Profile } from '../profile/profile.ts';
import { type Analyser, type Analysis, analyse, correctedWords } from './analysis.ts';
import { Corrector } from './corrector.ts';
import { type DayLanguage, bareDayLanguage, dayWordsOf } from './day-names.ts';
import { words } from './fold.ts';
import type { Language, Rule } from './language.ts';
import { loadLanguages } from './language-reader.ts';
import { type TopicSource, Topics } from './topics.ts';

/** A word of a message; `from`: what was written for it. */
export type CorrectedWord = { word: string; from?: string };

const MOST_RECENT = 64;
/** Characters of an answer whose words are known by. */
const ANSWER_LENGTH = 600;
const money =
  /[€$£₪]|\b(?:euros?|dollars?|pounds?|usd|eur|gbp|ils|pesos?|soles|chf|franken|francs?)\b|שקל|ש"ח|ש״ח/iu;

/** A profile as questions are looked up in it. */
export interface Knowledge {
  languages: readonly Language[];
  /** The language in which the profile is written; English where its language has no files. */
  own: Language;
  /** By which days are read where the language of the profile has no files. */
  ownDays: DayLanguage;
  analyser: Analyser;
  topics: Topics;
  /** Index of the topic that stands for the opening hours; the others are the profile's entries. */
  hoursTopic: number;
  /** Questions of the profile, word for word. */
  exact: ReadonlyMap<string, number>;
  /** By language code. */
  handOffRules: ReadonlyMap<string, Rule>;
  /** Texts that were just corrected. */
  recent: Map<string, readonly CorrectedWord[]>;
}

export function createKnowledge(profile: Profile): Knowledge {
  const languages = loadLanguages();
  const code = new Intl.Locale(profile.language).language;
  const own =
    languages.find((language) => language.code === code) ?? languages.find((one) => one.code === 'en');
  if (!own) throw new Error('there are no files of English');
  const entries = [
    ...profile.faq.map(({ question, also = [], answer }) => ({ questions: [question, ...also], answer })),
    { questions: profile.hours.questions, answer: '' },
  ];
  const hoursTopic = entries.length - 1;
  const answersOf = (at: number): string[] => {
    const answers = [profile, ...Object.values(profile.translations ?? {})].map(
      ({ faq }) => faq[at]?.answer ?? '',
    );
    return [...new Set(answers)].map((answer) => answer.slice(0, ANSWER_LENGTH));
  };

  const ownWords = new Set(entries.flatMap(({ questions }) => questions.flatMap(words)));
  const ownDays = own.code === code ? own : bareDayLanguage(code);
  if (ownDays !== own) for (const word of dayWordsOf(ownDays)) ownWords.add(word);
  const corrector = new Corrector(correctorOf(languages));
  corrector.add(ownWords, 0);
  corrector.add(
    entries.flatMap((_, at) => answersOf(at).flatMap(words)),
    1,
  );
  const isOwn = (word: string): boolean => ownWords.has(word);
  const analyser: Analyser = { languages, own, corrector, isOwn };
  const analysed = (text: string): Analysis =>
    analyse(
      words(text).map((word) => ({ word })),
      analyser,
    );

  const exact = new Map<string, number>();
  for (const [topic, { questions }] of entries.entries()) {
    for (const question of questions) {
      const key = words(question).join(' ');
      if (key !== '' && !exact.has(key)) exact.set(key, topic);
    }
  }
  const sources = entries.map(({ questions }, at): TopicSource => {
    const answers = answersOf(at);
    return {
      questions: questions.map(analysed),
      // Each by itself: what a word means depends on the language of its text.
      answers: answers.map(analysed),
      ...(at === hoursTopic && { notions: ['hours'] }),
      // What has a price is sold.
      answerNotions: answers.some((answer) => money.test(answer)) ? ['price', 'sell'] : [],
    };
  });
  const people = profile.handOff.words.filter((word) => words(word).length === 1);
  return {
    languages,
    own,
    ownDays,
    analyser,
    topics: new Topics(sources),
    hoursTopic,
    exact,
    handOffRules: new Map(languages.map((language) => [language.code, language.handOffTo(people)])),
    recent: new Map(),
  };
}

let ofLanguages: { languages: readonly Language[]; corrector: Corrector } | undefined;

/** The words of the languages are the same for every profile. */
function correctorOf(languages: readonly Language[]): Corrector {
  if (ofLanguages?.languages === languages) return ofLanguages.corrector;
  const corrector = new Corrector();
  for (const { vocabulary } of languages) corrector.add(vocabulary, 1);
  ofLanguages = { languages, corrector };
  return corrector;
}

/** The words of a message as they are looked at, mistakes corrected. */
export function correctedWordsOf(text: string, { analyser, recent }: Knowledge): readonly CorrectedWord[] {
  const known = recent.get(text);
  if (known) return known;
  const corrected = correctedWords(words(text).slice(0, RULE_WORDS), analyser);
  // A message is looked at several times while it is understood.
  if (recent.size >= MOST_RECENT) recent.clear();
  recent.set(text, corrected);
  return corrected;
}
