import type { Analysis, Unit } from './analysis.ts';

/** What a question can be about: an entry of the profile, or the opening hours. */
export interface TopicSource {
  /** The first is the one that is shown. */
  questions: readonly Analysis[];
  /** In each language. */
  answers: readonly Analysis[];
  /** Notions that the topic stands for besides its words. */
  notions?: readonly string[];
  /** Notions that the answer stands for besides its words: an amount of money answers what the price is. */
  answerNotions?: readonly string[];
}

/** How much a word of the answer counts, and one that no other entry has: a brand, a name. */
const ANSWER_WORD = 0.5;
const OWN_ANSWER_WORD = 0.85;
/** An everyday word of the answer is next to none. */
const COMMON_ANSWER = 0.5;
const NOTION = 0.9;
/** A notion that only the answer has. */
const ANSWER_NOTION = 0.4;
/** One that follows from the answer: an amount of money is a price. */
const MADE_NOTION = 0.5;
/** A word that no topic has counts as much as so many of the most telling one: a notion that the business does not have most of all. */
const UNKNOWN = { notion: 1, common: 0.5, other: 0.8 };
/** What a question is not about: it tells less than the rest. */
const MINOR = 0.4;
const minorNotions = new Set(['offer-service', 'allowed', 'included', 'soon']);
/** Asks of one thing that is named beside. */
const thingNotions = new Set(['price', 'sell', 'offer-service']);
/** Who somebody is, where the business does not tell people apart. */
const peopleNotions = new Set(['men', 'women']);
/** A phrase is no accident. */
const PHRASE = 1.3;
/** Where one topic has the very word, a topic that has only its notion counts less. */
const BESIDE_EXACT = 0.8;
const EXACT = 0.9;
/** Topics that are looked at more closely. */
const MOST_CANDIDATES = 30;
/** From this value on, a topic has a word. */
const HAS = 0.7;

/** How a word of the question was found in a topic. */
interface WordMatch {
  word: string;
  key: string;
  weight: number;
}

export interface Candidate {
  topic: number;
  score: number;
  /** Share of the question's words that the topic has, weighed by how telling they are; 0 to 1. */
  coverage: number;
  /** How well one of the topic's own questions says the same; 0 to 1. */
  fit: number;
  /** Words that the topic does not have. */
  unknown: string[];
  matches: WordMatch[];
}

/** Weighs how well a question fits each topic. */
export class Topics {
  readonly #features = new Map<string, Map<number, number>>();
  readonly #questions: readonly { units: readonly Unit[]; keys: ReadonlySet<string>[] }[][];
  /** What a question that leans on a topic may ask: of its questions and its answer alike. */
  readonly #leaning: readonly ReadonlyMap<string, number>[];
  readonly #count: number;
  readonly #largestIdf: number;

  constructor(sources: readonly TopicSource[]) {
    this.#count = sources.length;
    this.#largestIdf = Math.log(1 + sources.length);
    this.#questions = sources.map(({ questions }) =>
      questions.map(({ units }) => ({
        units,
        keys: units.map(({ features }) => new Set(features.map(({ key }) => key))),
      })),
    );
    this.#leaning = sources.map(({ questions, answers, notions = [], answerNotions = [] }) => {
      const keys = new Map<string, number>();
      for (const { key, weight } of [...questions, ...answers].flatMap(({ units }) =>
        units.flatMap(({ features }) => features),
      )) {
        const value = weight * (key.startsWith('#') ? NOTION : 1);
        keys.set(key, Math.max(keys.get(key) ?? 0, value));
      }
      for (const notion of [...notions, ...answerNotions]) keys.set(`#${notion}`, NOTION);
      return keys;
    });
    for (const [topic, { questions, notions = [] }] of sources.entries()) {
      for (const { units } of questions) {
        for (const unit of units) this.#addUnit(topic, unit, 1, NOTION);
      }
      for (const notion of notions) this.#add(`#${notion}`, topic, NOTION);
    }
    const askedKeys = new Set(this.#features.keys());
    const answerTopics = new Map<string, Set<number>>();
    for (const [topic, { answers }] of sources.entries()) {
      for (const { key } of answers.flatMap(({ units }) => units.flatMap(({ features }) => features))) {
        answerTopics.set(key, (answerTopics.get(key) ?? new Set()).add(topic));
      }
    }
    for (const [topic, { answers, answerNotions = [] }] of sources.entries()) {
      for (const notion of answerNotions) this.#add(`#${notion}`, topic, MADE_NOTION);
      for (const unit of answers.flatMap(({ units }) => units)) {
        for (const { key, weight } of unit.features) {
          // A name or a brand, and not a word that has a meaning of its own.
          const isName = key.startsWith('=') && unit.notions.length === 0 && !unit.isCommon;
          const isOwn = isName && !askedKeys.has(key) && answerTopics.get(key)?.size === 1;
          const value = key.startsWith('#') ? ANSWER_NOTION : isOwn ? OWN_ANSWER_WORD : ANSWER_WORD;
          this.#add(key, topic, weight * value * (unit.isCommon ? COMMON_ANSWER : 1));
        }
      }
    }
  }

  #addUnit(topic: number, { features }: Unit, word: number, notion: number): void {
    for (const { key, weight } of features)
      this.#add(key, topic, weight * (key.startsWith('#') ? notion : word));
  }

  #add(key: string, topic: number, value: number): void {
    const topics = this.#features.get(key) ?? new Map<number, number>();
    topics.set(topic, Math.max(topics.get(topic) ?? 0, value));
    this.#features.set(key, topics);
  }

  /** The value of a word for each topic that has it. */
  #valuesOf({ features }: Unit): Map<number, { value: number; key: string }> {
    const values = new Map<number, { value: number; key: string }>();
    const isExact = features.some(
      ({ key, weight }) =>
        !key.startsWith('#') &&
        [...(this.#features.get(key)?.values() ?? [])].some((stored) => stored * weight >= EXACT),
    );
    for (const { key, weight } of features) {
      for (const [topic, stored] of this.#features.get(key) ?? []) {
        const value = weight * stored * (isExact && key.startsWith('#') ? BESIDE_EXACT : 1);
        if (value > (values.get(topic)?.value ?? 0)) values.set(topic, { value, key });
      }
    }
    return values;
  }

  #idf({ notions, isCommon, isStop, length }: Unit, topics: number | undefined, asksThing: boolean): number {
    const isMinor = isStop || notions.some((notion) => minorNotions.has(notion));
    const factor = isMinor ? MINOR : length > 1 ? PHRASE : 1;
    if (topics !== undefined) return factor * Math.log(1 + this.#count / topics);
    if (notions.length > 0 && notions.every((notion) => peopleNotions.has(notion)))
      return MINOR * this.#largestIdf;
    // Of a thing that is not there, the price is not that of another.
    const kind = notions.length > 0 ? 'notion' : isCommon && !asksThing ? 'common' : 'other';
    return (isMinor ? MINOR : 1) * this.#largestIdf * (asksThing ? UNKNOWN.notion : UNKNOWN[kind]);
  }

  /** All topics that have a word of the question, best first. */
  rank({ units }: Pick<Analysis, 'units'>): { candidates: Candidate[]; unknown: string[] } {
    // What something costs, and whether it is there, is asked of one thing.
    const asksThing = units.some(({ notions }) => notions.some((notion) => thingNotions.has(notion)));
    const weighed = units.map((unit) => {
      const values = this.#valuesOf(unit);
      const having = [...values.values()].filter(({ value }) => value >= HAS).length;
      const idf = this.#idf(unit, values.size === 0 ? undefined : Math.max(1, having), asksThing);
      return { unit, values, idf };
    });
    const total = weighed.reduce((sum, { idf }) => sum + idf, 0);
    const found = new Map<number, { sum: number; matches: WordMatch[] }>();
    for (const { unit, values, idf } of weighed) {
      for (const [topic, { value, key }] of values) {
        const entry = found.get(topic) ?? { sum: 0, matches: [] };
        entry.sum += idf * value;
        entry.matches.push({ word: unit.text, key, weight: value });
        found.set(topic, entry);
      }
    }
    const likeliest = [...found]
      .toSorted(([, one], [, other]) => other.sum - one.sum)
      .slice(0, MOST_CANDIDATES);
    const candidates = likeliest.map(([topic, { sum, matches }]): Candidate => {
      const coverage = sum / total;
      const fit = this.#fit(topic, units, coverage);
      const known = new Set(matches.filter(({ weight }) => weight >= 0.35).map(({ word }) => word));
      const unknown = units.map(({ text }) => text).filter((text) => !known.has(text));
      return { topic, score: 0.7 * coverage + 0.3 * fit, coverage, fit, unknown, matches };
    });
    return {
      candidates: candidates.toSorted((one, other) => other.score - one.score),
      unknown: weighed.filter(({ values }) => values.size === 0).map(({ unit }) => unit.text),
    };
  }

  /** Share of the words that a topic has, its answer's words counted as its question's. */
  followUpCoverage(topic: number, units: readonly Unit[]): number {
    const keys = this.#leaning[topic];
    let sum = 0;
    for (const { features } of units)
      sum += Math.max(0, ...features.map(({ key, weight }) => weight * (keys?.get(key) ?? 0)));
    return units.length === 0 ? 0 : sum / units.length;
  }

  /** How well one of a topic's own questions and the message say the same: the harmonic mean of both coverages. */
  #fit(topic: number, units: readonly Unit[], coverage: number): number {
    const said = new Map<string, number>();
    for (const { features } of units) {
      for (const { key, weight } of features)
        said.set(key, Math.max(said.get(key) ?? 0, weight * (key.startsWith('#') ? NOTION : 1)));
    }
    let best = 0;
    for (const { units: asked, keys } of this.#questions[topic] ?? []) {
      let sum = 0;
      for (const own of keys) {
        let value = 0;
        for (const key of own) value = Math.max(value, said.get(key) ?? 0);
        sum += value;
      }
      const covered = asked.length === 0 ? 0 : sum / asked.length;
      const fit = covered + coverage === 0 ? 0 : (2 * covered * coverage) / (covered + coverage);
      if (fit > best) best = fit;
    }
    return best;
  }
}
