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

export type CallEnd = 'completed' | 'error';

/** Something that was heard of a call: from the provider, or from our own side of the line. */
export type CallEvent =
  | { type: 'offered'; from: string | undefined; to: string | undefined }
  | { type: 'rejected'; reason: string }
  | { type: 'answered' }
  | { type: 'status'; status: CallStatus }
  | { type: 'ended'; outcome: CallEnd; reason: string }
  /** For the time line alone. */
  | { type: 'noted'; step: CallStep; detail?: string };

/** accepted: it got a slot. greeting, idle, thanks, goodbye: that sentence begins. speech: the caller begins. message: it was taken. */
export type CallStep = 'accepted' | 'speech' | 'message' | Phrase;

/** What the provider's word means for the slot of the call; undefined while the call goes on. */
export function endOf(status: CallStatus): CallEnd | undefined {
  if (rank(status) < finalRank) return undefined;
  return status === 'completed' ? 'completed' : 'error';
}

/** The reason of an end that the provider told, with its own word for it. */
export function providerReason(status: CallStatus): string {
  return `provider_${status.replace('-', '_')}`;
}

/** The call after an event that may be a repeat, late, or out of order: a status never goes back, an end stays. */
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
      // A replica that stops turned it away, and the provider asked another one.
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
        ended_at: call.ended_at ?? (endOf(event.status) ? at : null),
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
    case 'noted':
      return call;
  }
}

const finalRank = 3;

function rank(status: string): number {
  const place = callStatuses.indexOf(status as CallStatus);
  return Math.min(Math.max(place, 0), callStatuses.indexOf('completed')) - 1;
}

/** The first final status stays; before that, the one that is further on. */
function later(current: string, incoming: CallStatus): string {
  return rank(incoming) > rank(current) ? incoming : current;
}

function earlier(one: Date, other: Date): Date {
  return one < other ? one : other;
}
