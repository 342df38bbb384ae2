import type { Logger } from '@prosaas/runtime';
import { FaqAgent } from './faq-agent.ts';
import type { Answer, AnswerSource, HistoryEntry } from './answer.ts';
import { prepareLanguages } from './understanding/language-reader.ts';
import { ModelAgent, type ModelAgentOptions, type ModelCall, type ModelStatus } from './model/model-agent.ts';
import type { Profile } from './profile/profile.ts';

export interface Question {
  text: string;
  /** The conversation so far, oldest first, without this question. */
  history: readonly HistoryEntry[];
  now: Date;
  channel: 'whatsapp' | 'phone';
  /** The customer has opted out: a text that opts in again is recognized. */
  isOptedOut?: boolean;
  signal?: AbortSignal;
}

export type LoadState = 'cold' | 'loading' | 'warm' | 'failed';

export interface AgentStatus {
  state: LoadState;
  /** A model is configured but unavailable: the profile's own answers are used. */
  fallback: boolean;
  source: 'profile' | 'model';
  /** Set if a model is configured. */
  model?: ModelStatus;
}

/** Disposing stops the probes of the model's server. */
export interface Agent extends AsyncDisposable {
  /** Loads the languages, answers once from the profile, and starts a probe of the model's server. Repeated and simultaneous calls load once. */
  load(): Promise<void>;
  status(): AgentStatus;
  answer(question: Question): Promise<Answer>;
}

export interface AgentOptions {
  /** The profile, or a function that returns the current one, which is called for each answer. */
  profile: Profile | (() => Profile);
  model?: ModelAgentOptions['settings'] | undefined;
  log: Logger;
  /** Called for each answer to a customer, not for the one that `load` makes. */
  onAnswer?: (source: AnswerSource) => void;
  onModelCall?: (call: ModelCall) => void;
}

/** An agent that answers with a model, or from the profile if there is no model or it fails. */
export function createAgent({ profile, model, log, onAnswer, onModelCall }: AgentOptions): Agent {
  let state: LoadState = 'cold';
  let loading: Promise<void> | undefined;
  let faq: FaqAgent | undefined;
  const currentProfile = typeof profile === 'function' ? profile : () => profile;
  const modelAgent = model && new ModelAgent({ settings: model, log, onCall: onModelCall });

  const currentFaqAgent = (): FaqAgent => {
    const current = currentProfile();
    if (faq?.profile !== current) faq = new FaqAgent(current);
    return faq;
  };

  const answer = async (question: Question): Promise<Answer> => {
    const faqAgent = currentFaqAgent();
    question.signal?.throwIfAborted();
    const ruleAnswer = faqAgent.rule(question);
    const signal = question.signal ?? new AbortController().signal;
    const usesModel = !ruleAnswer && modelAgent !== undefined && !modelAgent.isCircuitOpen;
    if (!usesModel) return faqAgent.answer(question);
    const localized = faqAgent.profileFor(question);
    const modelAnswer = await modelAgent.answer(localized, question, signal);
    if (!modelAnswer) return faqAgent.answer(question);
    return faqAgent.profile.translations ? { ...modelAnswer, language: localized.language } : modelAnswer;
  };

  const load = async (): Promise<void> => {
    try {
      await prepareLanguages();
      const { faq: entries, name } = currentProfile();
      currentFaqAgent().answer({ text: entries[0]?.question ?? name, history: [], now: new Date() });
      modelAgent?.probe();
      state = 'warm';
    } catch (error) {
      state = 'failed';
      throw error;
    }
  };

  return {
    load: () => {
      if (state === 'warm') return Promise.resolve();
      state = 'loading';
      loading ??= Promise.resolve()
        .then(load)
        .finally(() => (loading = undefined));
      return loading;
    },
    status: () => ({
      state,
      fallback: modelAgent?.isCircuitOpen === true,
      source: modelAgent && !modelAgent.isCircuitOpen ? 'model' : 'profile',
      ...(modelAgent && { model: modelAgent.status() }),
    }),
    async answer(question) {
      const found = await answer(question);
      onAnswer?.(found.source);
      return found;
    },
    async [Symbol.asyncDispose]() {
      await modelAgent?.[Symbol.asyncDispose]();
    },
  };
}
