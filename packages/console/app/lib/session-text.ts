import type { Level } from '../kit/status.tsx';
import { countText } from './format.ts';
import type { FailingSession, SessionsSummary } from './live-values.ts';
import { href } from './router.ts';

/** The status of a session as text. */
export function statusOf(status: string, reason: string | null): { level: Level; label: string } {
  if (status === 'WORKING')
    return reason === null
      ? { level: 'good', label: 'working' }
      : { level: 'warn', label: 'working, with a problem' };
  if (status === 'FAILED') return { level: 'bad', label: reason === 'logged_out' ? 'logged out' : 'failed' };
  const others: Record<string, { level: Level; label: string }> = {
    SCAN_QR_CODE: { level: 'warn', label: 'not paired' },
    STARTING: { level: 'warn', label: 'connecting' },
    STOPPED: { level: 'idle', label: 'stopped' },
  };
  return others[status] ?? { level: 'warn', label: 'unknown' };
}

/** By reason: the rest of a sentence about a session that does not work. */
const faults: Readonly<Record<string, string>> = {
  logged_out: 'is logged out',
  temporarily_banned: 'is banned by WhatsApp for a while',
  banned: 'is banned by WhatsApp',
  forbidden: 'is refused by WhatsApp',
  replaced: 'was replaced by another client',
  qr_timeout: 'was not paired',
  unreachable: 'cannot reach WhatsApp',
  no_owner: 'is not served by any replica',
  scan_qr_code: 'has to be paired',
};
const faultOf = ({ status, reason }: Pick<FailingSession, 'status' | 'reason'>): string =>
  (status === 'SCAN_QR_CODE' ? faults['scan_qr_code'] : faults[reason ?? '']) ?? 'does not work';

/** Whether somebody has to pair it with the phone. */
const isToBePaired = ({ status, reason }: FailingSession): boolean =>
  status === 'SCAN_QR_CODE' || reason === 'logged_out' || reason === 'qr_timeout';

/** The problem of the failing sessions, with their names; undefined when none is failing. */
export function sessionsProblem(
  { counts, failing }: SessionsSummary,
  mayPair: boolean,
):
  | {
      sentence: string;
      since: string;
      consequence: string | undefined;
      action: { text: string; href: string };
    }
  | undefined {
  const [first] = failing;
  if (first === undefined) return undefined;
  const count = Object.entries(counts)
    .filter(([status]) => status !== 'WORKING' && status !== 'STOPPED')
    .reduce((sum, [, sessions]) => sum + sessions, 0);
  const waiting = failing.reduce((sum, session) => sum + session.waiting, 0);
  const common = { since: earliest(failing), consequence: waitingText(waiting, count > failing.length) };
  if (count <= 1)
    return {
      ...common,
      sentence: `WhatsApp session ${first.id} ${faultOf(first)}`,
      action: {
        text: mayPair && isToBePaired(first) ? 'Pair it again' : 'See the session',
        href: href(['whatsapp', first.id]),
      },
    };
  const names = failing.slice(0, 3).map(({ id }) => id);
  const more = count - names.length;
  return {
    ...common,
    sentence: `${count} WhatsApp sessions do not work: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    action: { text: 'See the sessions', href: href(['whatsapp'], { wrong: '1' }) },
  };
}

const earliest = (failing: readonly FailingSession[]): string =>
  failing.map(({ since }) => since).toSorted()[0]!;

const waitingText = (messages: number, isLowerBound: boolean): string | undefined =>
  messages === 0
    ? undefined
    : `${isLowerBound ? 'more than ' : ''}${countText(messages, 'message waits', 'messages wait')}`;

/** The same by counts alone, for viewers who may not see the names of sessions. */
export function sessionsSentence({
  wanted,
  working,
  reasons,
}: {
  wanted: number;
  working: number;
  reasons: unknown;
}): string {
  const failing = Math.max(1, wanted - working);
  const [code, ...others] = Object.keys(reasons ?? {});
  const fault = code === undefined || others.length > 0 ? undefined : faults[code];
  const plural: Record<string, string> = { is: 'are', does: 'do', was: 'were', has: 'have' };
  const predicate = fault ?? 'does not work';
  return wanted <= 1
    ? `The WhatsApp session ${predicate}`
    : `${failing} of ${wanted} WhatsApp sessions ${failing === 1 ? predicate : predicate.replace(/^\w+/, (verb) => plural[verb] ?? verb)}`;
}
