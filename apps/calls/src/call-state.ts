import type { CallRow } from '@prosaas/database';
import type { Phrase } from './media/conversation.ts';

export const callStatuses = [
  'queued',
  'initiated',
  'ringing',
  'in-progress',
  'completed',
  'busy',
  'failed',
  'no-answer',
  'canceled',
] as const;
export type CallStatus = (typeof callStatuses)[number];

export type CallOutcome = 'completed' | 'error';

/** An event of a call, reported by the provider or by this service. */
export type CallEvent =
  | { type: 'offered'; from: string | undefined; to: string | undefined }
  | { type: 'rejected'; reason: string }
  | { type: 'answered' }
  | { type: 'status'; status: CallStatus }
  | { type: 'ended'; outcome: CallOutcome; reason: string }
  /** Only shown in the timeline. */
  | { type: 'step'; step: CallStep; detail?: string };

/**
 * A step in the timeline. `accepted`: the call got a slot. `greeting`, `idle`, `thanks`, `goodbye`: that phrase starts. `speech`: the caller
 * starts to speak. `message`: the message was recorded.
 */
export type CallStep = 'accepted' | 'speech' | 'message' | Phrase;

/** The outcome for a status of the provider; undefined while the call is in progress. */
export function outcomeOfStatus(status: CallStatus): CallOutcome | undefined {
  if (rank(status) < FINAL_RANK) return undefined;
  return status === 'completed' ? 'completed' : 'error';
}

/** The reason stored for an end that the provider reported. */
export function providerReason(status: CallStatus): string {
  return `provider_${status.replace('-', '_')}`;
}

/** Applies an event to a call. Events may be repeated, late or out of order: a status never goes back, and the first end stays. */
export function nextCall(call: CallRow, event: CallEvent, at: Date): CallRow {
  switch (event.type) {
    case 'offered':
      return {
        ...call,
        from_number: call.from_number ?? event.from ?? null,
        to_number: call.to_number ?? event.to ?? null,
        status: later(call.status, 'ringing'),
        started_at: earlier(call.started_at, at),
      };
    case 'rejected':
      if (call.outcome !== null) return call;
      return {
        ...call,
        status: later(call.status, 'busy'),
        outcome: 'rejected',
        reason: event.reason,
        ended_at: at,
      };
    case 'answered': {
      // A stopping replica rejected the call, and the provider asked another one.
      const taken =
        call.outcome === 'rejected'
          ? { ...call, status: 'ringing', outcome: null, reason: null, ended_at: null }
          : call;
      return { ...taken, status: later(taken.status, 'in-progress'), answered_at: call.answered_at ?? at };
    }
    case 'status':
      return {
        ...call,
        status: later(call.status, event.status),
        answered_at:
          call.answered_at ?? (event.status === 'in-progress' && call.ended_at === null ? at : null),
        ended_at: call.ended_at ?? (outcomeOfStatus(event.status) ? at : null),
      };
    case 'ended':
      if (call.outcome !== null) return call;
      return {
        ...call,
        status: later(call.status, event.outcome === 'completed' ? 'completed' : 'failed'),
        outcome: event.outcome,
        reason: event.reason,
        ended_at: call.ended_at ?? at,
      };
    case 'step':
      return call;
  }
}

const FINAL_RANK = 3;

function rank(status: string): number {
  const place = callStatuses.indexOf(status as CallStatus);
  return Math.min(Math.max(place, 0), callStatuses.indexOf('completed')) - 1;
}

/** The first final status stays; before that, the later one wins. */
function later(current: string, incoming: CallStatus): string {
  return rank(incoming) > rank(current) ? incoming : current;
}

function earlier(one: Date, other: Date): Date {
  return one < other ? one : other;
}
