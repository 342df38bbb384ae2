import type { Level } from '../../kit/status.tsx';
import { durationText } from '../../lib/format.ts';
import type { Call, Moment } from './records.ts';

/** Why a call ended, as the end of a sentence. docs/runbook.md says what to do about errors. */
const reasons: Readonly<Record<string, string>> = {
  finished: 'as planned',
  caller_hung_up: 'the caller hung up',
  silence: 'the caller said nothing more',
  idle: 'the caller said nothing',
  too_long: 'it took too long',
  cannot_speak: 'the greeting could not be spoken',
  provider_completed: 'the caller hung up',
  provider_stream_stopped: 'the provider closed the audio stream',
  provider_busy: 'the provider reported busy',
  provider_failed: 'the provider reported a failure',
  provider_no_answer: 'the provider reported no answer',
  provider_canceled: 'the caller hung up before the answer',
  no_stream: 'the provider opened no audio stream',
  stream_error: 'the provider could not open the audio stream',
  stream_lost: 'the audio stream broke off',
  no_media: 'no more audio came',
  garbage: 'the audio stream carried invalid data',
  overflow: 'the provider no longer accepted audio',
  owner_gone: 'the calls service was killed',
  lease_expired: 'the audio stream went silent, or the calls service was killed',
  redis_away: 'Redis could not be reached',
  shutting_down: 'the calls service was stopping',
  max_concurrent: 'the limit of concurrent calls was reached',
  fault: 'an internal error: see the log of the calls service',
  unknown: 'the reason is not known',
};

export const reasonText = (reason: string): string => reasons[reason] ?? reason.replaceAll('_', ' ');

/** The state of a call. */
export function stateOf({ outcome, answered_at: answeredAt }: Call): { level: Level; label: string } {
  if (outcome === 'rejected') return { level: 'bad', label: 'rejected' };
  if (outcome === 'error') return { level: 'bad', label: 'failed' };
  if (outcome === 'completed') return { level: 'good', label: 'completed' };
  return answeredAt === null ? { level: 'warn', label: 'ringing' } : { level: 'good', label: 'in progress' };
}

const STEPS: Readonly<Record<string, { label: string; now: string }>> = {
  webhook: { label: 'The provider offered the call', now: 'is offered' },
  accepted: { label: 'Accepted', now: 'is being connected' },
  rejected: { label: 'Rejected', now: 'is rejected' },
  stream: { label: 'Answered: the audio stream is open', now: 'is answered' },
  greeting: { label: 'The greeting begins', now: 'hears the greeting' },
  idle: { label: 'The caller is asked to speak', now: 'is asked to speak' },
  speech: { label: 'The caller begins to speak', now: 'speaks' },
  message: { label: 'A message was taken', now: 'has left a message' },
  thanks: { label: 'The caller is thanked', now: 'is thanked' },
  goodbye: { label: 'The goodbye begins', now: 'hears the goodbye' },
  status: { label: 'The provider reported a status', now: 'is on the line' },
  ended: { label: 'Ended', now: 'is no longer on the line' },
};

export const stepText = ({ event }: Moment): string => STEPS[event]?.label ?? event;

/** The text after a step: the reason, or what the provider reported. */
export function detailText({ event, detail }: Moment): string | undefined {
  if (detail === null) return undefined;
  if (event === 'ended' || event === 'rejected') return reasonText(detail);
  if (event === 'message') return messageEnds[detail] ?? detail.replaceAll('_', ' ');
  return detail;
}

const messageEnds: Readonly<Record<string, string>> = {
  silence: 'ended by silence',
  no_speech: 'nothing was said',
  too_long: 'ended at the maximum length',
  key: 'ended by a key',
  hang_up: 'ended by hanging up',
  interrupted: 'cut off',
};

/** What the caller is doing in a live call, as the end of a sentence. */
export function currentStepText({ timeline }: Call): string {
  const last = timeline.findLast(({ event }) => event !== 'status') ?? timeline.at(-1);
  return last === undefined ? 'is on the line' : (STEPS[last.event]?.now ?? last.event);
}

/** From the answer to the end. */
export function lengthText({ answered_at: answered, ended_at: ended }: Call): string {
  if (answered === null) return 'not answered';
  return ended === null ? 'in progress' : durationText((Date.parse(ended) - Date.parse(answered)) / 1000);
}

/** How long after the beginning: `+0.4 s`, `+1 min 5 s`. */
export function offsetText(at: string, from: string): string {
  const seconds = Math.max(0, (Date.parse(at) - Date.parse(from)) / 1000);
  if (seconds < 60) return `+${seconds.toFixed(1)} s`;
  return `+${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

export const callerText = (number: string | null): string => number ?? 'Number withheld';

/** The digits of a caller's phone number, also from a SIP address; undefined when there is none. */
export const digitsOf = (number: string | null): string | undefined =>
  /^(?:sip:)?\+?(\d{5,20})(?:@.*)?$/.exec(number ?? '')?.[1];
