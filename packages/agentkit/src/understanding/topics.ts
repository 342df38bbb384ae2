import type { Analysis, Term } from './analysis.ts';

/** What a question can be about: an entry of the profile, or the opening hours. */
export interface TopicSource {
  questions: readonly Analysis[];
  /** The answer, in each language of the profile. */
  answers: readonly Analysis[];
  /** Notions of the topic in addition to those of its questions. */
  notions?: readonly string[];
  /** Notions of the answer in addition to those of its words: an amount of money answers what the price is. */
  answerNotions?: readonly string[];
}

// Weights of a key of a topic. A word of a question counts 1.
const NOTION_WEIGHT = 0.9;
const ANSWER_WORD_WEIGHT = 0.5;
/** For a word of one answer that no other entry has, such as a brand or a name. */
const UNIQUE_ANSWER_WORD_WEIGHT = 0.85;
const COMMON_ANSWER_WORD_FACTOR = 0.5;
const ANSWER_NOTION_WEIGHT = 0.4;
/** For `answerNotions`. */
const DERIVED_NOTION_WEIGHT = 0.5;
/** If one topic has the word itself, a topic that has only its notion counts less. */
const NOTION_BESIDE_EXACT_FACTOR = 0.8;
/** From this value on, a topic has the word itself. */
const MIN_EXACT_VALUE = 0.9;
/** From this value on, a topic counts as one that has the term. */
const MIN_KNOWN_VALUE = 0.7;

// Factors of the inverse document frequency (IDF) of a term of the question.
const PHRASE_FACTOR = 1.3;
/** For stop words and `minorNotions`, which say little about the question. */
const MINOR_FACTOR = 0.4;
const minorNotions = new Set(['offer-service', 'allowed', 'included', 'soon']);
/** Shares of the largest IDF that a term gets which no topic has. A notion that the business does not have counts most. */
const UNKNOWN_IDF_FACTOR = { notion: 1, common: 0.5, other: 0.8 };
/** Notions that ask for one item that is named beside them. */
const itemNotions = new Set(['price', 'sell', 'offer-service']);
/** Notions that do not matter if the business does not tell people apart. */
const peopleNotions = new Set(['men', 'women']);

/** Topics whose fit is computed. */
const MAX_CANDIDATES = 30;
/** Parts of the score. */
const COVERAGE_PART = 0.7;
const FIT_PART = 0.3;
/** From this weight on, a topic knows a term. */
const MIN_MATCH_WEIGHT = 0.35;

/** How a term of the question was found in a topic. */
interface TermMatch {
  word: string;
  key: string;
  weight: number;
}

export interface Candidate {
  topic: number;
  score: number;
  /** Share of the question's terms that the topic has, weighted by their IDF; 0 to 1. */
  coverage: number;
  /** How close the closest question of the topic is; 0 to 1. */
  fit: number;
  /** Terms of the question that the topic does not have. */
  unknown: string[];
  matches: TermMatch[];
}

/** An index of topics that ranks them by how well they fit a question. */
export class Topics {
  /** For each key the topics that have it, with its weight. */
  readonly #topicsByKey = new Map<string, Map<number, number>>();
  readonly #questions: readonly { terms: readonly Term[]; keys: ReadonlySet<string>[] }[][];
  /** For each topic the weights of the keys that a follow-up question may ask for: its answer counts like its questions. */
  readonly #followUpKeys: readonly ReadonlyMap<string, number>[];
  readonly #topicCount: number;
  readonly #maxIdf: number;

  constructor(sources: readonly TopicSource[]) {
    this.#topicCount = sources.length;
    this.#maxIdf = Math.log(1 + sources.length);
    this.#questions = sources.map(({ questions }) =>
      questions.map(({ terms }) => ({
        terms,
        keys: terms.map(({ features }) => new Set(features.map(({ key }) => key))),
      })),
    );
    this.#followUpKeys = sources.map(({ questions, answers, notions = [], answerNotions = [] }) => {
      const keys = new Map<string, number>();
      for (const { key, weight } of [...questions, ...answers].flatMap(({ terms }) =>
        terms.flatMap(({ features }) => features),
      )) {
        const value = weight * (key.startsWith('#') ? NOTION_WEIGHT : 1);
        keys.set(key, Math.max(keys.get(key) ?? 0, value));
      }
      for (const notion of [...notions, ...answerNotions]) keys.set(`#${notion}`, NOTION_WEIGHT);
      return keys;
    });
    for (const [topic, { questions, notions = [] }] of sources.entries()) {
      for (const { terms } of questions) {
        for (const term of terms) this.#addTerm(topic, term, 1, NOTION_WEIGHT);
      }
      for (const notion of notions) this.#add(`#${notion}`, topic, NOTION_WEIGHT);
    }
    const askedKeys = new Set(this.#topicsByKey.keys());
    const answerTopics = new Map<string, Set<number>>();
    for (const [topic, { answers }] of sources.entries()) {
      for (const { key } of answers.flatMap(({ terms }) => terms.flatMap(({ features }) => features))) {
        answerTopics.set(key, (answerTopics.get(key) ?? new Set()).add(topic));
      }
    }
    for (const [topic, { answers, answerNotions = [] }] of sources.entries()) {
      for (const notion of answerNotions) this.#add(`#${notion}`, topic, DERIVED_NOTION_WEIGHT);
      for (const term of answers.flatMap(({ terms }) => terms)) {
        for (const { key, weight } of term.features) {
          // A name or a brand rather than an ordinary word.
          const isName = key.startsWith('=') && term.notions.length === 0 && !term.isCommon;
          const isUnique = isName && !askedKeys.has(key) && answerTopics.get(key)?.size === 1;
          const value = key.startsWith('#')
            ? ANSWER_NOTION_WEIGHT
            : isUnique
              ? UNIQUE_ANSWER_WORD_WEIGHT
              : ANSWER_WORD_WEIGHT;
          this.#add(key, topic, weight * value * (term.isCommon ? COMMON_ANSWER_WORD_FACTOR : 1));
        }
      }
    }
  }

  #addTerm(topic: number, { features }: Term, word: number, notion: number): void {
    for (const { key, weight } of features)
      this.#add(key, topic, weight * (key.startsWith('#') ? notion : word));
  }

  #add(key: string, topic: number, value: number): void {
    const topics = this.#topicsByKey.get(key) ?? new Map<number, number>();
    topics.set(topic, Math.max(topics.get(topic) ?? 0, value));
    this.#topicsByKey.set(key, topics);
  }

  /** The topics that have a term, each with the best key and its value. */
  #valuesOf({ features }: Term): Map<number, { value: number; key: string }> {
    const values = new Map<number, { value: number; key: string }>();
    const isExact = features.some(
      ({ key, weight }) =>
        !key.startsWith('#') &&
        [...(this.#topicsByKey.get(key)?.values() ?? [])].some(
          (stored) => stored * weight >= MIN_EXACT_VALUE,
        ),
    );
    for (const { key, weight } of features) {
      for (const [topic, stored] of this.#topicsByKey.get(key) ?? []) {
        const value = weight * stored * (isExact && key.startsWith('#') ? NOTION_BESIDE_EXACT_FACTOR : 1);
        if (value > (values.get(topic)?.value ?? 0)) values.set(topic, { value, key });
      }
    }
    return values;
  }

  #idf(
    { notions, isCommon, isStop, length }: Term,
    topics: number | undefined,
    asksForItem: boolean,
  ): number {
    const isMinor = isStop || notions.some((notion) => minorNotions.has(notion));
    const factor = isMinor ? MINOR_FACTOR : length > 1 ? PHRASE_FACTOR : 1;
    if (topics !== undefined) return factor * Math.log(1 + this.#topicCount / topics);
    if (notions.length > 0 && notions.every((notion) => peopleNotions.has(notion)))
      return MINOR_FACTOR * this.#maxIdf;
    // The price of an item that the business does not have must not be answered with that of another one.
    const kind = notions.length > 0 ? 'notion' : isCommon && !asksForItem ? 'common' : 'other';
    return (
      (isMinor ? MINOR_FACTOR : 1) *
      this.#maxIdf *
      (asksForItem ? UNKNOWN_IDF_FACTOR.notion : UNKNOWN_IDF_FACTOR[kind])
    );
  }

  /** The topics that have a term of the question, best first, and the terms that no topic has. */
  rank({ terms }: Pick<Analysis, 'terms'>): { candidates: Candidate[]; unknown: string[] } {
    const asksForItem = terms.some(({ notions }) => notions.some((notion) => itemNotions.has(notion)));
    const weighted = terms.map((term) => {
      const values = this.#valuesOf(term);
      const topicsWithTerm = [...values.values()].filter(({ value }) => value >= MIN_KNOWN_VALUE).length;
      const idf = this.#idf(term, values.size === 0 ? undefined : Math.max(1, topicsWithTerm), asksForItem);
      return { term, values, idf };
    });
    const total = weighted.reduce((sum, { idf }) => sum + idf, 0);
    const found = new Map<number, { sum: number; matches: TermMatch[] }>();
    for (const { term, values, idf } of weighted) {
      for (const [topic, { value, key }] of values) {
        const entry = found.get(topic) ?? { sum: 0, matches: [] };
        entry.sum += idf * value;
        entry.matches.push({ word: term.text, key, weight: value });
        found.set(topic, entry);
      }
    }
    const closest = [...found].toSorted(([, one], [, other]) => other.sum - one.sum).slice(0, MAX_CANDIDATES);
    const candidates = closest.map(([topic, { sum, matches }]): Candidate => {
      const coverage = sum / total;
      const fit = this.#fit(topic, terms, coverage);
      const known = new Set(
        matches.filter(({ weight }) => weight >= MIN_MATCH_WEIGHT).map(({ word }) => word),
      );
      const unknown = terms.map(({ text }) => text).filter((text) => !known.has(text));
      return { topic, score: COVERAGE_PART * coverage + FIT_PART * fit, coverage, fit, unknown, matches };
    });
    return {
      candidates: candidates.toSorted((one, other) => other.score - one.score),
      unknown: weighted.filter(({ values }) => values.size === 0).map(({ term }) => term.text),
    };
  }

  /** Share of the terms that a topic has, with the words of its answer counted like those of its questions. */
  followUpCoverage(topic: number, terms: readonly Term[]): number {
    const keys = this.#followUpKeys[topic];
    let sum = 0;
    for (const { features } of terms)
      sum += Math.max(0, ...features.map(({ key, weight }) => weight * (keys?.get(key) ?? 0)));
    return terms.length === 0 ? 0 : sum / terms.length;
  }

  /** How close the closest question of a topic is to the message: the harmonic mean of the coverages in both directions. */
  #fit(topic: number, terms: readonly Term[], coverage: number): number {
    const keyWeights = new Map<string, number>();
    for (const { features } of terms) {
      for (const { key, weight } of features)
        keyWeights.set(
          key,
          Math.max(keyWeights.get(key) ?? 0, weight * (key.startsWith('#') ? NOTION_WEIGHT : 1)),
        );
    }
    let best = 0;
    for (const { terms: questionTerms, keys } of this.#questions[topic] ?? []) {
      let sum = 0;
      for (const termKeys of keys) {
        let value = 0;
        for (const key of termKeys) value = Math.max(value, keyWeights.get(key) ?? 0);
        sum += value;
      }
      const questionCoverage = questionTerms.length === 0 ? 0 : sum / questionTerms.length;
      const fit =
        questionCoverage + coverage === 0
          ? 0
          : (2 * questionCoverage * coverage) / (questionCoverage + coverage);
      if (fit > best) best = fit;
    }
    return best;
  }
}
