import type { Agent, LoadState } from './agent.ts';
import type { ProfileStore } from './profile/profile-store.ts';
import type { Voice } from './voice.ts';

/** What a replica that serves customers says of itself: see `announceReplica`. */
export type AgentReport = { agent: LoadState; fallback: boolean; voice?: LoadState };

export function agentReport(agent: Agent, voice?: Voice): AgentReport {
  const { state, fallback } = agent.status();
  return { agent: state, fallback, ...(voice && { voice: voice.status().state }) };
}

/** More are in the log. */
const PROBLEMS_SHOWN = 10;

/** Faults of the profile's file, where an older one stays in use for that. */
export type ProfileReport = { profile_faults?: number; profile_problems?: string[] };

export function profileReport(store: Pick<ProfileStore, 'status'>): ProfileReport {
  const { problems } = store.status();
  if (problems.length === 0) return {};
  return { profile_faults: problems.length, profile_problems: problems.slice(0, PROBLEMS_SHOWN) };
}
