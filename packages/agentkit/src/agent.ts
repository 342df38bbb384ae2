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
  /** Where one is configured. */
  model?: ModelStatus;
}

/** Disposing ends the probes of a model's server. */
export interface Agent extends AsyncDisposable {
  /** Makes ready, answers once from the profile, and sees in the background whether the model's server works. Repeated and simultaneous calls load once. */
  load(): Promise<void>;
  status(): AgentStatus;
  answer(question: Question): Promise<Answer>;
}

export interface AgentOptions {
  /** The profile, or where the current one is read from: an answer is made with the one of that moment. */
  profile: Profile | (() => Profile);
  model?: ModelAgentOptions['settings'] | undefined;
  log: Logger;
  /** Told of each answer to a question; loading asks one that nobody put. */
  onAnswer?: (source: AnswerSource) => void;
  onModelCall?: (call: ModelCall) => void;
}

/** An agent that answers from the profile, or from a model with the profile as its net. */
export function createAgent({ profile, model, log, onAnswer, onModelCall }: AgentOptions): Agent {
  let state: LoadState = 'cold';
  let loading: Promise<void> | undefined;
  let faq: FaqAgent | undefined;
  const currentProfile = typeof profile === 'function' ? profile : () => profile;
  const modelAgent = model && new ModelAgent({ settings: model, log, onCall: onModelCall });

  const currentRules = (): FaqAgent => {
    const current = currentProfile();
    if (faq?.profile !== current) faq = new FaqAgent(current);
    return faq;
  };

  const answer = async (question: Question): Promise<Answer> => {
    const rules = currentRules();
    question.signal?.throwIfAborted();
    const ruled = rules.rule(question);
    const signal = question.signal ?? new AbortController().signal;
    const asksModel = !ruled && modelAgent !== undefined && !modelAgent.isResting;
    if (!asksModel) return rules.answer(question);
    const spoken = rules.profileFor(question);
    const answered = await modelAgent.answer(spoken, question, signal);
    if (!answered) return rules.answer(question);
    return rules.profile.translations ? { ...answered, language: spoken.language } : answered;
  };

  const load = async (): Promise<void> => {
    try {
      await prepareLanguages(spokenCodes(currentProfile()));
      const { faq: entries, name } = currentProfile();
      currentRules().answer({ text: entries[0]?.question ?? name, history: [], now: new Date() });
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
      fallback: modelAgent?.isResting === true,
      source: modelAgent && !modelAgent.isResting ? 'model' : 'profile',
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

/** The languages of a profile and English, as customers write them. */
const spokenCodes = (profile: Profile): string[] => [
  'en',
  ...[profile, ...Object.values(profile.translations ?? {})].map(
    ({ language }) => new Intl.Locale(language).language,
  ),
];
