import { type Logger, createLogger } from '@prosaas/runtime';
import { type Agent, createAgent } from '../agent.ts';
import type { Answer, HistoryEntry } from '../answer.ts';
import type { Profile } from '../profile/profile.ts';
import { loadProfile } from '../profile/read-profile.ts';
import type { ModelCall } from './model-agent.ts';

const silent = createLogger({ service: 'test', instance: 'test', level: 'silent' });
/** A Monday in opening hours. */
export const monday: Date = new Date('2026-01-12T10:00:00Z');
export const profile: Profile = await loadProfile();
/** A question that the profile answers. */
export const asked = 'Where are you located?';
/** The profile's answer to it. */
export const offline = '12 Market Street, second floor';
/** A model's answer to it. */
export const good = 'You find us on the second floor, above the shops.';

export function ask(agent: Agent, text: string = asked, history: HistoryEntry[] = []): Promise<Answer> {
  return agent.answer({ text, history, now: monday, channel: 'whatsapp' });
}

/** An agent with a model, and what is counted of it. */
export interface Desk extends AsyncDisposable {
  agent: Agent;
  modelCalls: ModelCall[];
  outcomes: () => string[];
}

interface DeskOptions {
  timeLimitMs?: number;
  /** See `CircuitTimes`. */
  openMs?: number;
  log?: Logger;
}

export function desk(
  { baseUrl }: { baseUrl: string },
  { timeLimitMs = 5000, openMs = 60_000, log = silent }: DeskOptions = {},
): Desk {
  const modelCalls: ModelCall[] = [];
  const agent = createAgent({
    profile,
    log,
    model: {
      baseUrl,
      apiKey: 'secret-key',
      name: 'm',
      timeLimitMs,
      circuit: { openMs, maxOpenMs: 8 * openMs },
    },
    onModelCall: (call) => modelCalls.push(call),
  });
  return {
    agent,
    modelCalls,
    outcomes: () => modelCalls.map(({ outcome }) => outcome),
    [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose](),
  };
}
