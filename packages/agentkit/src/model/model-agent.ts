import { errorReason, type Logger, outageLog } from '@prosaas/runtime';
import type { Answer } from '../answer.ts';
import type { Profile } from '../profile/profile.ts';
import { withoutMarkup } from './markup.ts';
import { handOffReply } from '../replies.ts';
import { Circuit, type CircuitTimes } from './circuit.ts';
import { ModelClient, type ModelSettings } from './client.ts';
import type { ModelReply, TokenUsage } from './completion.ts';
import { ModelFailure, type ModelFailureKind, textFailure } from './failure.ts';
import { findUngrounded } from './grounding.ts';
import { isPlausibleOptOut } from './plausible-opt-out.ts';
import type { ModelQuestion } from './prompt.ts';
import { isReadable } from './script.ts';

/** How a call ended. `handed_over` and `opted_out`: the model called that tool. `canceled`: the caller aborted. */
export type ModelOutcome = 'answered' | 'handed_over' | 'opted_out' | 'canceled' | ModelFailureKind;

export interface ModelCall {
  /** `probe`: a tiny request in the background. */
  purpose: 'answer' | 'probe';
  outcome: ModelOutcome;
  ms: number;
  tokens: TokenUsage;
}

/** Calls since the start of the process. Probes count for the tokens only. */
export interface ModelStatus {
  /** Why the circuit is open, and the model is not used; undefined while it is closed. */
  resting: ModelFailureKind | undefined;
  calls: number;
  failures: Partial<Record<ModelFailureKind, number>>;
  lastMs: number | undefined;
  tokens: TokenUsage;
}

export interface ModelAgentOptions {
  settings: ModelSettings & { circuit?: Partial<CircuitTimes> | undefined };
  log: Logger;
  onCall?: ((call: ModelCall) => void) | undefined;
}

/** Characters of a reply. A longer one is not cut but refused, because half of it may say the opposite. */
export const MAX_ANSWER_LENGTH = 2000;

/** Answers with a model while its server works. Checks every reply before it is sent. */
export class ModelAgent implements AsyncDisposable {
  readonly #client: ModelClient;
  readonly #circuit: Circuit;
  readonly #options: ModelAgentOptions;
  readonly #failures: Partial<Record<ModelFailureKind, number>> = {};
  #calls = 0;
  #lastMs: number | undefined;
  #tokens: TokenUsage = { prompt: 0, completion: 0 };

  constructor(options: ModelAgentOptions) {
    const { settings, log } = options;
    this.#options = options;
    this.#client = new ModelClient(settings);
    const away = outageLog(log, {
      waiting: 'the model provider fails: the profile answers',
      begins: 'the model provider fails: the profile answers',
      ends: 'the model provider answers again',
    });
    // Not part of the start: the circuit waits itself before it is a trouble.
    away.worked();
    this.#circuit = new Circuit({
      probe: (signal) =>
        this.#call('probe', signal, (call) => this.#client.probe(call).then(() => 'answered')),
      onOpen: (failure) => away.failed(failure),
      onClose: () => away.worked(),
      times: settings.circuit,
    });
  }

  get isCircuitOpen(): boolean {
    return this.#circuit.isOpen;
  }

  status(): ModelStatus {
    return {
      resting: this.#circuit.failure,
      calls: this.#calls,
      failures: { ...this.#failures },
      lastMs: this.#lastMs,
      tokens: { ...this.#tokens },
    };
  }

  /** Checks in the background whether the server works. */
  probe(): void {
    this.#circuit.probe();
  }

  /** Undefined if the call failed, or the reply must not be sent. Rejects only if `signal` aborts. */
  async answer(profile: Profile, question: ModelQuestion, signal: AbortSignal): Promise<Answer | undefined> {
    let answer: Answer | undefined;
    try {
      await this.#call('answer', signal, async (call) => {
        const reply = await this.#client.ask(profile, question, call);
        answer = await answerOf(reply, profile, question);
        if (answer.source === 'opt-out') return 'opted_out';
        return answer.handOff === undefined ? 'answered' : 'handed_over';
      });
      this.#circuit.recordSuccess();
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ModelFailure)) throw error;
      if (error.isAboutText) this.#circuit.recordSuccess();
      else this.#circuit.recordFailure(error);
      this.#options.log.debug(errorReason(error), 'the model gave no answer: the profile answers');
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#circuit[Symbol.asyncDispose]();
  }

  /** Counts a call however it ends. */
  async #call(
    purpose: ModelCall['purpose'],
    signal: AbortSignal,
    run: (call: { signal: AbortSignal; onUsage: (usage: TokenUsage) => void }) => Promise<ModelOutcome>,
  ): Promise<void> {
    const began = performance.now();
    let tokens: TokenUsage = { prompt: 0, completion: 0 };
    const end = (outcome: ModelOutcome): void => {
      const ms = performance.now() - began;
      this.#tokens = {
        prompt: this.#tokens.prompt + tokens.prompt,
        completion: this.#tokens.completion + tokens.completion,
      };
      if (purpose === 'answer') {
        this.#calls += 1;
        this.#lastMs = ms;
      }
      this.#options.onCall?.({ purpose, outcome, ms, tokens });
    };
    try {
      end(await run({ signal, onUsage: (usage) => (tokens = usage) }));
    } catch (error) {
      if (signal.aborted) end('canceled');
      else if (error instanceof ModelFailure) {
        if (purpose === 'answer') this.#failures[error.code] = (this.#failures[error.code] ?? 0) + 1;
        end(error.code);
      }
      throw error;
    }
  }
}

/**
 * The answer that a reply becomes. An opt-out is done only if the customer's own message is plausibly one. Otherwise the chat is handed to
 * a person, because neither the model nor a customer who manipulates it may silence a chat.
 * @throws ModelFailure
 */
async function answerOf(
  { text: written, tools }: ModelReply,
  profile: Profile,
  question: ModelQuestion,
): Promise<Answer> {
  const text = withoutMarkup(written);
  const wantsOut = tools.some(({ name }) => name === 'opt_out');
  if (wantsOut && isPlausibleOptOut(question.text, profile))
    return { text: profile.optOut.reply, source: 'opt-out' };
  const handOver = tools.find((tool) => tool.name === 'hand_over_to_person');
  if (wantsOut || handOver) {
    const isSent = text !== '' && (await failureOf(text, profile, question)) === undefined;
    const next = handOffReply(profile, question.now);
    // The model's own words, followed by what happens next.
    return {
      text: isSent && !text.includes(next) ? `${text}\n\n${next}` : next,
      handOff: handOver?.reason ?? 'not_understood',
      source: 'model',
    };
  }
  const failure = await failureOf(text, profile, question);
  if (failure) throw failure;
  return { text, source: 'model' };
}

/** Why a text must not be sent; undefined if it may. */
async function failureOf(
  text: string,
  profile: Profile,
  question: ModelQuestion,
): Promise<ModelFailure | undefined> {
  if (text.length > MAX_ANSWER_LENGTH) return textFailure('too_long', "the model's answer is too long");
  if (!isReadable(text, question.text, profile))
    return textFailure('wrong_language', "the model's answer is in a script that nobody here writes");
  const ungrounded = await findUngrounded(text, profile, question);
  if (ungrounded !== undefined)
    return textFailure('not_grounded', `the model's answer has a ${ungrounded} that it was not told`);
  const isRepeated = question.history.some(
    (entry) => entry.direction === 'outbound' && entry.text.trim() === text,
  );
  return isRepeated
    ? textFailure('repeated', 'the model repeated an earlier answer word for word')
    : undefined;
}
