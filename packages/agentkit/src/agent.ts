import { type Logger, troubleOf } from '@prosaas/runtime';
import { type Answer, type AnswerSource, FaqAgent, type HistoryEntry } from './faq-agent.ts';
import { ModelClient, type ModelSettings, isTimeout } from './model-client.ts';
import type { Profile } from './profile/profile.ts';

export interface Question {
  text: string;
  /** The conversation so far, oldest first, without this question. */
  history: readonly HistoryEntry[];
  now: Date;
  channel: 'whatsapp' | 'phone';
  /** Who asks wants no messages: a word that takes it back is heard. */
  isOptedOut?: boolean;
  signal?: AbortSignal;
}

export type LoadState = 'cold' | 'loading' | 'warm' | 'failed';

export interface AgentStatus {
  state: LoadState;
  /** A model is configured, and the profile's own answers stand in for it at the moment. */
  fallback: boolean;
  source: 'profile' | 'model';
}

export interface Agent {
  /** Makes ready, and answers once. Repeated and simultaneous calls load once. */
  load(): Promise<void>;
  status(): AgentStatus;
  answer(question: Question): Promise<Answer>;
}

export interface AgentOptions {
  /** The profile, or where the current one is read from: an answer is made with the one of that moment. */
  profile: Profile | (() => Profile);
  model?: ModelSettings | undefined;
  log: Logger;
  /** Told of each answer to a question; loading asks one that nobody put. */
  onAnswer?: (source: AnswerSource) => void;
  onModelCall?: (outcome: ModelOutcome, ms: number) => void;
}

/** `handed_over`: it answered that a person should; `canceled`: who asked gave up. */
export type ModelOutcome = 'answered' | 'handed_over' | 'timeout' | 'failed' | 'canceled';

/** After a failure of the provider nobody waits for it for so long. */
const providerRestMs = 30_000;

/** An agent that answers from the profile, or from a model with the profile as its net. */
export function createAgent({ profile, model, log, onAnswer, onModelCall }: AgentOptions): Agent {
  let state: LoadState = 'cold';
  let loading: Promise<void> | undefined;
  let faq: FaqAgent | undefined;
  let restUntilMs = 0;
  let fallback = false;
  const currentProfile = typeof profile === 'function' ? profile : () => profile;
  const client = model && new ModelClient(currentProfile, model);
  const away = troubleOf(log, {
    waiting: 'the model provider fails: the profile answers',
    begins: 'the model provider fails: the profile answers',
    ends: 'the model provider answers again',
  });
  // Not part of the start: the first failure is a trouble at once.
  away.worked();

  const askModel = async (question: Question): Promise<Answer | undefined> => {
    if (!client || performance.now() < restUntilMs) return undefined;
    const signal = question.signal ?? new AbortController().signal;
    const began = performance.now();
    const ended = (outcome: ModelOutcome): void => onModelCall?.(outcome, performance.now() - began);
    try {
      const answer = await client.ask({ ...question, signal });
      ended(answer.handOff === undefined ? 'answered' : 'handed_over');
      fallback = false;
      away.worked();
      return { ...answer, source: 'model' };
    } catch (error) {
      ended(signal.aborted ? 'canceled' : isTimeout(error) ? 'timeout' : 'failed');
      signal.throwIfAborted();
      restUntilMs = performance.now() + providerRestMs;
      fallback = true;
      away.failed(error);
      return undefined;
    }
  };

  const answer = async (question: Question): Promise<Answer> => {
    const current = currentProfile();
    if (faq?.profile !== current) faq = new FaqAgent(current);
    const rules = faq;
    question.signal?.throwIfAborted();
    const ruled = rules.rule(question);
    const own = (): Answer => rules.answer(question);
    return ruled ? own() : ((await askModel(question)) ?? own());
  };

  const load = async (): Promise<void> => {
    state = 'loading';
    try {
      const { faq: entries, name } = currentProfile();
      const first = entries[0]?.question ?? name;
      await answer({ text: first, history: [], now: new Date(), channel: 'whatsapp' });
      state = 'warm';
    } catch (error) {
      state = 'failed';
      throw error;
    }
  };

  return {
    load: () => {
      if (state === 'warm') return Promise.resolve();
      loading ??= load().finally(() => (loading = undefined));
      return loading;
    },
    status: () => ({ state, fallback, source: client && !fallback ? 'model' : 'profile' }),
    async answer(question) {
      const found = await answer(question);
      onAnswer?.(found.source);
      return found;
    },
  };
}
