import { cutText } from '@prosaas/runtime';
import OpenAI from 'openai';
import type { Answer, HistoryEntry } from './faq-agent.ts';
import { hoursAnswer } from './opening-hours.ts';
import { handOffReply } from './replies.ts';
import type { Profile } from './profile/profile.ts';
import {
  MODEL_HISTORY_ENTRY_LENGTH,
  MODEL_HISTORY_LENGTH,
  MODEL_QUESTION_LENGTH,
} from './question-limits.ts';

/** Any server that speaks OpenAI's chat completions. */
export interface ModelSettings {
  baseUrl?: string | undefined;
  apiKey: string;
  name: string;
}

export interface ModelQuestion {
  text: string;
  history: readonly HistoryEntry[];
  now: Date;
  channel: 'whatsapp' | 'phone';
  signal: AbortSignal;
}

const timeLimitMs = 12_000;
const historyEntries = 20;
const answerLimit = 2000;
const handOffMark = '[[person]]';

export class ModelClient {
  readonly #profile: () => Profile;
  readonly #client: OpenAI;
  readonly #name: string;

  constructor(profile: () => Profile, settings: ModelSettings) {
    this.#profile = profile;
    this.#name = settings.name;
    this.#client = new OpenAI({
      apiKey: settings.apiKey,
      baseURL: settings.baseUrl ?? null,
      timeout: timeLimitMs,
      maxRetries: 0,
      logLevel: 'off',
    });
  }

  /** @throws whatever the provider's failure was; an empty answer is a failure too. */
  async ask(question: ModelQuestion): Promise<Pick<Answer, 'text' | 'handOff'>> {
    const completion = await this.#client.chat.completions.create(
      {
        model: this.#name,
        messages: [
          { role: 'system', content: this.#instructions(question) },
          ...givenHistory(question.history).map(({ direction, text }) => ({
            role: direction === 'inbound' ? ('user' as const) : ('assistant' as const),
            content: text,
          })),
          { role: 'user', content: cutText(question.text, MODEL_QUESTION_LENGTH) },
        ],
      },
      { signal: AbortSignal.any([question.signal, AbortSignal.timeout(timeLimitMs)]) },
    );
    const raw = completion.choices?.[0]?.message?.content ?? '';
    const handOff = raw.includes(handOffMark) ? 'not_understood' : undefined;
    const text = cutText(raw.replaceAll(handOffMark, '').trim(), answerLimit);
    // Its own words, and what happens next.
    if (handOff) return { text: `${text}\n\n${handOffReply(this.#profile(), question.now)}`.trim(), handOff };
    if (text !== '') return { text, handOff };
    throw new Error('the model answered nothing');
  }

  #instructions({ now, channel }: ModelQuestion): string {
    const profile = this.#profile();
    const { name, faq } = profile;
    return [
      `You answer the customers of ${name} by ${channel === 'phone' ? 'phone, in one or two spoken sentences' : 'WhatsApp, briefly'}.`,
      'Answer in the language of the customer. Use only the facts below; never invent prices, dates or promises.',
      'Do not repeat an earlier answer of yours word for word.',
      `If the facts do not answer it, or the customer wants a person, begin your answer with ${handOffMark}; that a person will answer is added to it.`,
      `Opening hours: ${hoursAnswer(profile, now)}`,
      ...faq.map((entry) => `Q: ${entry.question}\nA: ${entry.answer}`),
    ].join('\n');
  }
}

/** Of a question that was not given up itself: the provider took too long. */
export function isTimeout(error: unknown): boolean {
  return error instanceof OpenAI.APIConnectionTimeoutError || error instanceof OpenAI.APIUserAbortError;
}

/** The latest turns, oldest first, as many as fit. */
export function givenHistory(history: readonly HistoryEntry[]): HistoryEntry[] {
  const given: HistoryEntry[] = [];
  let length = 0;
  for (const { direction, text } of history.slice(-historyEntries).toReversed()) {
    const cut = cutText(text, MODEL_HISTORY_ENTRY_LENGTH);
    length += cut.length;
    if (length > MODEL_HISTORY_LENGTH) break;
    given.unshift({ direction, text: cut });
  }
  return given;
}
