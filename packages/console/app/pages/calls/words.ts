import type { Level } from '../../kit/status.tsx';
import { durationText } from '../../lib/format.ts';
import type { Call, Moment } from './records.ts';

/** Why a call ended, as a half sentence; docs/runbook.md has what to do about the errors. */
const reasons: Readonly<Record<string, string>> = {
  finished: 'as planned',
  caller_hung_up: 'the caller hung up',
  silence: 'the caller said nothing more',
  idle: 'the caller said nothing',
  too_long: 'it took too long',
  cannot_speak: 'the greeting could not be spoken',
  provider_completed: 'the caller hung up',
  provider_stream_stopped: 'the provider ended the line',
  provider_busy: 'the provider says: busy',
  provider_failed: 'the provider says: failed',
  provider_no_answer: 'the provider says: no answer',
  provider_canceled: 'the caller hung up before the answer',
  no_stream: 'the provider opened no line for the sound',
  stream_error: 'the provider could not open the line for the sound',
  stream_lost: 'the line for the sound broke',
  no_media: 'no sound came any more',
  garbage: 'what came over the line was no sound',
  overflow: 'the other end took no sound any more',
  owner_gone: 'the calls service was killed',
  lease_expired: 'the line fell silent, or the calls service was killed',
  redis_away: 'Redis was away',
  shutting_down: 'the calls service was stopping',
  max_concurrent: 'as many calls went on as are allowed',
  fault: 'a fault of ours, which the log of the calls service has',
  unknown: 'nobody saw the end',
};

export const reasonText = (reason: string): string => reasons[reason] ?? reason.replaceAll('_', ' ');

/** How a call is, or ended. */
export function stateOf({ outcome, answered_at: answeredAt }: Call): { level: Level; word: string } {
  if (outcome === 'rejected') return { level: 'bad', word: 'turned away' };
  if (outcome === 'error') return { level: 'bad', word: 'broke off' };
  if (outcome === 'completed') return { level: 'good', word: 'ended well' };
  return answeredAt === null ? { level: 'warn', word: 'rings' } : { level: 'good', word: 'goes on' };
}

const steps: Readonly<Record<string, { word: string; now: string }>> = {
  webhook: { word: 'The provider offered the call', now: 'is offered' },
  accepted: { word: 'Accepted', now: 'is being connected' },
  rejected: { word: 'Turned away', now: 'is turned away' },
  stream: { word: 'Answered: the line for the sound is open', now: 'is answered' },
  greeting: { word: 'The greeting begins', now: 'hears the greeting' },
  idle: { word: 'The caller is asked to speak', now: 'is asked to speak' },
  speech: { word: 'The caller begins to speak', now: 'speaks' },
  message: { word: 'A message was taken', now: 'has left a message' },
  thanks: { word: 'The caller is thanked', now: 'is thanked' },
  goodbye: { word: 'The goodbye begins', now: 'hears the goodbye' },
  status: { word: 'The provider tells how the call is', now: 'is on the line' },
  ended: { word: 'It is over', now: 'is over' },
};

export const stepText = ({ event }: Moment): string => steps[event]?.word ?? event;

/** Words behind a step: why it ended, or what the provider said. */
export function detailText({ event, detail }: Moment): string | undefined {
  if (detail === null) return undefined;
  if (event === 'ended' || event === 'rejected') return reasonText(detail);
  if (event === 'message') return messageEnds[detail] ?? detail.replaceAll('_', ' ');
  return detail;
}

const messageEnds: Readonly<Record<string, string>> = {
  silence: 'ended by silence',
  no_speech: 'nothing was said',
  too_long: 'ended because it was as long as may be',
  key: 'ended by a key',
  hang_up: 'ended by hanging up',
  interrupted: 'cut off',
};

/** What happens in a live call now. */
export function nowText({ timeline }: Call): string {
  const last = timeline.findLast(({ event }) => event !== 'status') ?? timeline.at(-1);
  return last === undefined ? 'is on the line' : (steps[last.event]?.now ?? last.event);
}

/** From the answer to the end. */
export function lengthText({ answered_at: answered, ended_at: ended }: Call): string {
  if (answered === null) return 'not answered';
  return ended === null ? 'goes on' : durationText((Date.parse(ended) - Date.parse(answered)) / 1000);
}

/** How long after the beginning: `+0.4 s`, `+1 min 5 s`. */
export function offsetText(at: string, from: string): string {
  const seconds = Math.max(0, (Date.parse(at) - Date.parse(from)) / 1000);
  if (seconds < 60) return `+${seconds.toFixed(1)} s`;
  return `+${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

export const callerText = (number: string | null): string => number ?? 'Number withheld';

/** The digits of a caller's phone number, also of one that came over a gateway; undefined where there is none. */
export const digitsOf = (number: string | null): string | undefined =>
  /^(?:sip:)?\+?(\d{5,20})(?:@.*)?$/.exec(number ?? '')?.[1];
