import type { Level } from '../../kit/status.tsx';
import { durationText } from '../../lib/format.ts';
import type { QueueStats } from '../../lib/live-values.ts';

const kinds: Readonly<Record<string, string>> = {
  'inbound-messages': 'Messages to answer',
  'outbound-messages': 'Messages to send',
  notices: 'Notices by e-mail',
};

/** What the jobs of a queue are for. */
export const kindOf = (queue: string): string => kinds[queue] ?? queue;
export const queueNames: readonly string[] = Object.keys(kinds);

export interface QueueState {
  level: Level;
  label: string;
}

/** @param facts those of the check `queues` */
export function stateOfQueue(
  name: string,
  { paused, waiting, active, delayed, oldestAgeSeconds }: QueueStats,
  facts: Readonly<Record<string, unknown>>,
): QueueState {
  const isNamed = (fact: string): boolean => {
    const named = facts[fact];
    return Array.isArray(named) && named.includes(name);
  };
  if (paused) return { level: 'warn', label: 'paused' };
  if (isNamed('unserved')) return { level: 'bad', label: 'no worker takes its jobs' };
  if (isNamed('stuck')) return { level: 'bad', label: `stuck for ${durationText(oldestAgeSeconds)}` };
  if (waiting + active + delayed === 0) return { level: 'good', label: 'idle' };
  return { level: 'good', label: 'working' };
}

/** The filter in the address, as the REST api takes it. */
export interface DeadFilter {
  queue?: string;
  code?: string;
  contains?: string;
}

export function filterOf(query: URLSearchParams): DeadFilter {
  const filter: DeadFilter = {};
  for (const name of ['queue', 'code', 'contains'] as const) {
    const value = query.get(name);
    if (value !== null && value !== '') filter[name] = value;
  }
  return filter;
}

/** Describes the jobs of a filter: `that failed with SEND_REFUSED, in “Messages to send”`. */
export function describeFilter({ queue, code, contains }: DeadFilter): string {
  const parts = [
    code !== undefined && `with ${code}`,
    queue !== undefined && `in “${kindOf(queue)}”`,
    contains !== undefined && `whose reason contains “${contains}”`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? 'that failed' : `that failed ${parts.join(', ')}`;
}

/** Counts refusals by reason: `2 ALREADY_REPLAYED, 1 NOT_REPLAYABLE`. */
export function describeRefusals(refused: readonly { code: string }[]): string {
  return Object.entries(Object.groupBy(refused, ({ code }) => code))
    .map(([code, those = []]) => `${those.length} ${code}`)
    .join(', ');
}

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

/** The id of a conversation in a pasted text, such as a link. */
export const conversationIn = (text: string): string | undefined => uuid.exec(text)?.[0].toLowerCase();

/** The conversation in the payload of a job. */
export function conversationOf(payload: unknown): string | undefined {
  const { conversationId } = (payload ?? {}) as { conversationId?: unknown };
  return typeof conversationId === 'string' ? conversationId : undefined;
}

/** BullMQ's id is `<job>-<release>`. */
export const rowIdOf = (bullId: string): string => bullId.replace(/-\d+$/, '');

/** Whether more than twice its interval, and more than 20 s, have passed since the last run was due: the rule of the check `queues`. */
export function isLate(
  { every_seconds: every, next_run: next }: { every_seconds: number; next_run: string | null },
  now: number,
): boolean {
  if (next === null) return false;
  const overdue = (now - new Date(next).getTime()) / 1000;
  return overdue > Math.max(20 - every, every);
}
