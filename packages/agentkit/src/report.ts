import type { Agent, LoadState } from './agent.ts';
import type { ModelStatus } from './model/model-agent.ts';
import type { ProfileStore } from './profile/profile-store.ts';
import type { Voice } from './voice.ts';

/** Calls of the model's server since the replica started. */
export type ModelReport = {
  /** Why the model is not used at the moment; null if it is. */
  resting: string | null;
  calls: number;
  failed: number;
  /** By kind. */
  failures: Record<string, number>;
  last_ms: number | null;
  prompt_tokens: number;
  completion_tokens: number;
};

/** What a replica that serves customers announces about its agent: see `registerReplica`. */
export type AgentReport = { agent: LoadState; fallback: boolean; voice?: LoadState; model?: ModelReport };

export function agentReport(agent: Agent, voice?: Voice): AgentReport {
  const { state, fallback, model } = agent.status();
  return {
    agent: state,
    fallback,
    ...(voice && { voice: voice.status().state }),
    ...(model && { model: modelReport(model) }),
  };
}

export function modelReport({ resting, calls, failures, lastMs, tokens }: ModelStatus): ModelReport {
  return {
    resting: resting ?? null,
    calls,
    failed: Object.values(failures).reduce((sum, count) => sum + count, 0),
    failures,
    last_ms: lastMs === undefined ? null : Math.round(lastMs),
    prompt_tokens: tokens.prompt,
    completion_tokens: tokens.completion,
  };
}

/** The log has all of them. */
const PROBLEMS_SHOWN = 10;

/** Faults of the profile's file; set while an older version of it stays in use. */
export type ProfileReport = { profile_faults?: number; profile_problems?: string[] };

export function profileReport(store: Pick<ProfileStore, 'status'>): ProfileReport {
  const { problems } = store.status();
  if (problems.length === 0) return {};
  return { profile_faults: problems.length, profile_problems: problems.slice(0, PROBLEMS_SHOWN) };
}
