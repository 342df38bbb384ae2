import type { Level } from '../../kit/status.tsx';
import { durationText } from '../../lib/format.ts';
import type { QueueFigures } from '../../lib/live-values.ts';

const kinds: Readonly<Record<string, string>> = {
  'inbound-messages': 'Messages to answer',
  'outbound-messages': 'Messages to send',
  notices: 'Notices by e-mail',
};

/** A queue by what its jobs are for. */
export const kindOf = (queue: string): string => kinds[queue] ?? queue;
export const queueNames: readonly string[] = Object.keys(kinds);

export interface QueueState {
  level: Level;
  words: string;
}

/** `facts` are those of the check of the queues. */
export function stateOfQueue(
  name: string,
  { paused, waiting, active, delayed, oldestAgeSeconds }: QueueFigures,
  facts: Readonly<Record<string, unknown>>,
): QueueState {
  const isNamed = (fact: string): boolean => {
    const named = facts[fact];
    return Array.isArray(named) && named.includes(name);
  };
  if (paused) return { level: 'warn', words: 'paused' };
  if (isNamed('unserved')) return { level: 'bad', words: 'no worker takes its jobs' };
  if (isNamed('stuck')) return { level: 'bad', words: `stuck for ${durationText(oldestAgeSeconds)}` };
  if (waiting + active + delayed === 0) return { level: 'good', words: 'nothing to do' };
  return { level: 'good', words: 'works' };
}

/** The filter that the address holds, as REST takes it. */
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

/** Which jobs a dialog is about: `that failed with SEND_REFUSED in Messages to send`. */
export function filterInWords({ queue, code, contains }: DeadFilter): string {
  const parts = [
    code !== undefined && `with ${code}`,
    queue !== undefined && `in “${kindOf(queue)}”`,
    contains !== undefined && `whose reason has “${contains}” in it`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? 'that failed' : `that failed ${parts.join(', ')}`;
}

/** How many were refused for which reason: `2 ALREADY_REPLAYED, 1 NOT_REPLAYABLE`. */
export function refusedInWords(refused: readonly { code: string }[]): string {
  return Object.entries(Object.groupBy(refused, ({ code }) => code))
    .map(([code, those = []]) => `${those.length} ${code}`)
    .join(', ');
}

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

/** The conversation that somebody pasted: its id, or a link with it. */
export const conversationIn = (text: string): string | undefined => uuid.exec(text)?.[0].toLowerCase();

/** Jobs name their conversation in their payload. */
export function conversationOf(payload: unknown): string | undefined {
  const { conversationId } = (payload ?? {}) as { conversationId?: unknown };
  return typeof conversationId === 'string' ? conversationId : undefined;
}

/** BullMQ's id is `<job>-<release>`. */
export const rowIdOf = (bullId: string): string => bullId.replace(/-\d+$/, '');

/** Twice its interval, and 20 s: what the check of the queues goes by. */
export function isLate(
  { every_seconds: every, next_run: next }: { every_seconds: number; next_run: string | null },
  now: number,
): boolean {
  if (next === null) return false;
  const overdue = (now - new Date(next).getTime()) / 1000;
  return overdue > Math.max(20 - every, every);
}
