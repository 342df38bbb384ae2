import OpenAI from 'openai';
import type { HistoryEntry } from './faq-agent.ts';
import { hoursAnswer } from './opening-hours.ts';
import type { Profile } from './profile.ts';

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
  readonly #profile: Profile;
  readonly #client: OpenAI;
  readonly #name: string;

  constructor(profile: Profile, settings: ModelSettings) {
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
  async ask(question: ModelQuestion): Promise<{ text: string; handOff: boolean }> {
    const completion = await this.#client.chat.completions.create(
      {
        model: this.#name,
        messages: [
          { role: 'system', content: this.#instructions(question) },
          ...question.history.slice(-historyEntries).map(({ direction, text }) => ({
            role: direction === 'inbound' ? ('user' as const) : ('assistant' as const),
            content: text,
          })),
          { role: 'user', content: question.text },
        ],
      },
      { signal: AbortSignal.any([question.signal, AbortSignal.timeout(timeLimitMs)]) },
    );
    const raw = completion.choices?.[0]?.message?.content ?? '';
    const handOff = raw.includes(handOffMark);
    const text = raw.replaceAll(handOffMark, '').trim().slice(0, answerLimit);
    if (text !== '') return { text, handOff };
    if (handOff) return { text: this.#profile.handOff.reply, handOff };
    throw new Error('the model answered nothing');
  }

  #instructions({ now, channel }: ModelQuestion): string {
    const { name, faq } = this.#profile;
    return [
      `You answer the customers of ${name} by ${channel === 'phone' ? 'phone, in one or two spoken sentences' : 'WhatsApp, briefly'}.`,
      'Answer in the language of the customer. Use only the facts below; never invent prices, dates or promises.',
      'Do not repeat an earlier answer of yours word for word.',
      `If the facts do not answer it, or the customer wants a person, begin your answer with ${handOffMark}.`,
      `Opening hours: ${hoursAnswer(this.#profile, now)}`,
      ...faq.map((entry) => `Q: ${entry.question}\nA: ${entry.answer}`),
    ].join('\n');
  }
}
