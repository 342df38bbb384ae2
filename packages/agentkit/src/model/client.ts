import type { Profile } from '../profile/profile.ts';
import { type ModelReply, type TokenUsage, checkCompletion, readReply, usageOf } from './completion.ts';
import { ModelFailure } from './failure.ts';
import { type ChatMessage, type ModelQuestion, buildPrompt } from './prompt.ts';
import { completionsUrl, requestModel } from './request.ts';
import { toolDefinitions } from './tools.ts';

/** A server with the API of OpenAI's chat completions. */
export interface ModelSettings {
  /** Default: OpenAI's own server. */
  baseUrl?: string | undefined;
  apiKey: string;
  name: string;
  /** Most tokens of a prompt, by `estimateTokens`. Default 8000. */
  promptTokens?: number | undefined;
  /** Time limit of a call, until its last byte. Default 12,000. */
  timeLimitMs?: number | undefined;
}

const TIME_LIMIT_MS = 12_000;
export const PROMPT_TOKENS = 8000;

export interface CallOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  signal: AbortSignal;
  /** Called with the tokens that the server counted, even if its reply cannot be used. */
  onUsage: (usage: TokenUsage) => void;
}

export class ModelClient {
  readonly #settings: ModelSettings;
  readonly #url: string;
  /** A server that rejects tools is sent none from then on: then only rules hand over and opt out. */
  #hasTools = true;

  constructor(settings: ModelSettings) {
    this.#settings = settings;
    this.#url = completionsUrl(settings.baseUrl);
  }

  /** @throws ModelFailure */
  async ask(profile: Profile, question: ModelQuestion, options: CallOptions): Promise<ModelReply> {
    const deadline = this.#deadline();
    const complete = (): Promise<unknown> => {
      const hasTools = this.#hasTools;
      const tokens = this.#settings.promptTokens ?? PROMPT_TOKENS;
      const messages = buildPrompt(profile, question, { tokens, hasTools });
      return this.#complete(
        { messages, ...(hasTools && { tools: toolDefinitions }) },
        { ...options, deadline },
      );
    };
    const value = await complete().catch((error: unknown) => {
      if (!this.#hasTools || !rejectsTools(error)) throw error;
      this.#hasTools = false;
      return complete();
    });
    return readReply(checkCompletion(value));
  }

  /** Sends the smallest request that shows whether key, model and quota are in order. @throws ModelFailure */
  async probe(options: CallOptions): Promise<void> {
    const messages: ChatMessage[] = [{ role: 'user', content: 'Answer with: OK' }];
    checkCompletion(await this.#complete({ messages }, { ...options, deadline: this.#deadline() }));
  }

  async #complete(
    body: object,
    { signal, deadline, onUsage }: CallOptions & { deadline: AbortSignal },
  ): Promise<unknown> {
    const { apiKey, name } = this.#settings;
    const value = await requestModel({
      url: this.#url,
      apiKey,
      body: { model: name, stream: false, ...body },
      deadline,
      signal,
    });
    onUsage(usageOf(value));
    return value;
  }

  #deadline(): AbortSignal {
    return AbortSignal.timeout(this.#settings.timeLimitMs ?? TIME_LIMIT_MS);
  }
}

const rejectsTools = (error: unknown): boolean =>
  error instanceof ModelFailure && error.code === 'bad_request' && error.isAboutTools;
