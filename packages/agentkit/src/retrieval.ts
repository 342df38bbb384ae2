import MiniSearch from 'minisearch';
import { SEARCHED_WORDS, WORD_LENGTH, lookedAt } from './question-limits.ts';
import { meaningfulWords, stem, words } from './words.ts';

export interface Topic<T> {
  questions: string[];
  /** What is said about it: helps to tell topics apart. */
  text?: string;
  value: T;
}

/** With no more than this share of the asker's meaningful words found, a topic is a guess and not an answer. */
const guess = 0.5;

/** Finds what a question is about among topics that are each known by several questions. */
export class Retrieval<T> {
  readonly #topics: readonly Topic<T>[];
  readonly #index: MiniSearch<{ id: number; question: string; also: string; text: string }>;
  readonly #exact = new Map<string, number>();

  constructor(topics: readonly Topic<T>[]) {
    this.#topics = topics;
    this.#index = new MiniSearch({
      fields: ['question', 'also', 'text'],
      tokenize: meaningfulWords,
      processTerm: stem,
      searchOptions: {
        tokenize: searchedWords,
        boost: { question: 1.5, text: 0.2 },
        fuzzy: (term) => (term.length > 4 ? 0.2 : false),
        prefix: (term) => term.length > 3,
        weights: { fuzzy: 0.45, prefix: 0.6 },
      },
    });
    this.#index.addAll(
      topics.map(({ questions, text = '' }, id) => ({
        id,
        question: questions[0] ?? '',
        also: questions.slice(1).join(' '),
        text,
      })),
    );
    for (const [id, { questions }] of topics.entries()) {
      for (const question of questions) {
        const key = words(question).join(' ');
        if (key !== '' && !this.#exact.has(key)) this.#exact.set(key, id);
      }
    }
  }

  find(text: string): T | undefined {
    const question = lookedAt(text);
    const exact = this.#exact.get(words(question).join(' '));
    if (exact !== undefined) return this.#topics[exact]?.value;
    const asked = new Set(searchedWords(question).map(stem));
    if (asked.size === 0) return undefined;
    const best = this.#index
      .search(question)
      .find((hit) => new Set(hit.queryTerms).size > asked.size * guess);
    return best && this.#topics[best.id as number]?.value;
  }
}

export function searchedWords(question: string): string[] {
  return meaningfulWords(question)
    .filter((word) => word.length <= WORD_LENGTH)
    .slice(0, SEARCHED_WORDS);
}
