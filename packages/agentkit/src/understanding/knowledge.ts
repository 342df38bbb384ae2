import { MAX_RULE_WORDS } from '../question-limits.ts';
import type { Profile } from '../profile/profile.ts';
import { type Analysis, type CorrectedToken, type Lexicon, analyse, correctTokens } from './analysis.ts';
import { Corrector } from './corrector.ts';
import { type DayLanguage, intlDayLanguage, dayWordsOf } from './day-names.ts';
import { words } from './fold.ts';
import type { Language, Rule } from './language.ts';
import { loadLanguages } from './language-reader.ts';
import { type TopicSource, Topics } from './topics.ts';

/** Texts whose corrected tokens are kept. */
const MAX_CACHED_TEXTS = 64;
/** Characters of an answer whose words find its entry. */
const MAX_ANSWER_LENGTH = 600;
const moneyPattern =
  /[€$£₪]|\b(?:euros?|dollars?|pounds?|usd|eur|gbp|ils|pesos?|soles|chf|franken|francs?)\b|שקל|ש"ח|ש״ח/iu;

/** A profile, prepared for looking up questions. */
export interface Knowledge {
  languages: readonly Language[];
  /** The language in which the profile is written; English if that language has no files. */
  profileLanguage: Language;
  /** Names of days in the profile's own language, which may have no files. */
  dayLanguage: DayLanguage;
  lexicon: Lexicon;
  topics: Topics;
  /** Index of the topic that stands for the opening hours. Lower indexes are those of the profile's entries. */
  hoursTopic: number;
  /** Topics by the folded words of their questions, joined by spaces. */
  exact: ReadonlyMap<string, number>;
  /** The hand-off rule with the profile's names for people, by language code. */
  handOffRules: ReadonlyMap<string, Rule>;
  /** Corrected tokens of recent texts: a message is read several times while it is understood. */
  correctionCache: Map<string, readonly CorrectedToken[]>;
}

export function createKnowledge(profile: Profile): Knowledge {
  const languages = loadLanguages();
  const code = new Intl.Locale(profile.language).language;
  const profileLanguage =
    languages.find((language) => language.code === code) ?? languages.find((one) => one.code === 'en');
  if (!profileLanguage) throw new Error('the language files of English are missing');
  const entries = [
    ...profile.faq.map(({ question, also = [], answer }) => ({ questions: [question, ...also], answer })),
    { questions: profile.hours.questions, answer: '' },
  ];
  const hoursTopic = entries.length - 1;
  const answersOf = (at: number): string[] => {
    const answers = [profile, ...Object.values(profile.translations ?? {})].map(
      ({ faq }) => faq[at]?.answer ?? '',
    );
    return [...new Set(answers)].map((answer) => answer.slice(0, MAX_ANSWER_LENGTH));
  };

  const profileWords = new Set(entries.flatMap(({ questions }) => questions.flatMap(words)));
  const dayLanguage = profileLanguage.code === code ? profileLanguage : intlDayLanguage(code);
  if (dayLanguage !== profileLanguage) for (const word of dayWordsOf(dayLanguage)) profileWords.add(word);
  const corrector = new Corrector(languageCorrector(languages));
  corrector.add(profileWords, 0);
  corrector.add(
    entries.flatMap((_, at) => answersOf(at).flatMap(words)),
    1,
  );
  const isProfileWord = (word: string): boolean => profileWords.has(word);
  const lexicon: Lexicon = { languages, profileLanguage, corrector, isProfileWord };
  const analysed = (text: string): Analysis =>
    analyse(
      words(text).map((word) => ({ word })),
      lexicon,
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
      // Each answer is analysed by itself, because the meaning of a word depends on the language of its text.
      answers: answers.map(analysed),
      ...(at === hoursTopic && { notions: ['hours'] }),
      // A thing with a price is for sale.
      answerNotions: answers.some((answer) => moneyPattern.test(answer)) ? ['price', 'sell'] : [],
    };
  });
  const people = profile.handOff.words.filter((word) => words(word).length === 1);
  return {
    languages,
    profileLanguage,
    dayLanguage,
    lexicon,
    topics: new Topics(sources),
    hoursTopic,
    exact,
    handOffRules: new Map(languages.map((language) => [language.code, language.handOffTo(people)])),
    correctionCache: new Map(),
  };
}

let sharedCorrector: { languages: readonly Language[]; corrector: Corrector } | undefined;

/** A corrector with the words of all languages, shared by all profiles. */
function languageCorrector(languages: readonly Language[]): Corrector {
  if (sharedCorrector?.languages === languages) return sharedCorrector.corrector;
  const corrector = new Corrector();
  for (const { vocabulary } of languages) corrector.add(vocabulary, 1);
  sharedCorrector = { languages, corrector };
  return corrector;
}

/** The tokens of a message, with mistakes corrected. */
export function correctedTokens(
  text: string,
  { lexicon, correctionCache }: Knowledge,
): readonly CorrectedToken[] {
  const known = correctionCache.get(text);
  if (known) return known;
  const corrected = correctTokens(words(text).slice(0, MAX_RULE_WORDS), lexicon);
  if (correctionCache.size >= MAX_CACHED_TEXTS) correctionCache.clear();
  correctionCache.set(text, corrected);
  return corrected;
}
