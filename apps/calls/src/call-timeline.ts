import type { CallTimelineEntry } from '@prosaas/database';
import type { CallEvent } from './call-state.ts';

const MAX_ENTRIES = 50;

/**
 * Adds an event to a call's timeline, sorted by time. Ignores repeats and a second end. The last entry is reserved for the end.
 */
export function nextTimeline(
  timeline: readonly CallTimelineEntry[],
  event: CallEvent,
  at: Date,
): CallTimelineEntry[] {
  const entry = { at: at.toISOString(), ...entryOf(event) };
  const isEnd = entry.event === 'ended';
  const isKnown = timeline.some((one) => one.event === entry.event && (isEnd || one.detail === entry.detail));
  if (isKnown || timeline.length >= (isEnd ? MAX_ENTRIES : MAX_ENTRIES - 1)) return [...timeline];
  return [...timeline, entry].toSorted((one, other) => one.at.localeCompare(other.at));
}

function entryOf(event: CallEvent): Omit<CallTimelineEntry, 'at'> {
  switch (event.type) {
    case 'offered':
      return { event: 'webhook', detail: null };
    case 'answered':
      return { event: 'stream', detail: null };
    case 'status':
      return { event: 'status', detail: event.status };
    case 'rejected':
    case 'ended':
      return { event: event.type, detail: event.reason };
    case 'step':
      return { event: event.step, detail: event.detail ?? null };
  }
}
