import type { Agent, LoadState } from './agent.ts';
import type { Voice } from './voice.ts';

/** What a replica that serves customers says of itself: see `announceReplica`. */
export type AgentReport = { agent: LoadState; fallback: boolean; voice?: LoadState };

export function agentReport(agent: Agent, voice?: Voice): AgentReport {
  const { state, fallback } = agent.status();
  return { agent: state, fallback, ...(voice && { voice: voice.status().state }) };
}
