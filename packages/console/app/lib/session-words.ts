import type { Level } from '../kit/status.tsx';
import { countText } from './format.ts';
import type { FailingSession, SessionsInShort } from './live-values.ts';
import { href } from './router.ts';

/** How a session is, as a word with its level. */
export function statusOf(status: string, reason: string | null): { level: Level; word: string } {
  if (status === 'WORKING')
    return reason === null ? { level: 'good', word: 'working' } : { level: 'warn', word: 'works, in doubt' };
  if (status === 'FAILED')
    return { level: 'bad', word: reason === 'logged_out' ? 'logged out' : 'does not work' };
  const words: Record<string, { level: Level; word: string }> = {
    SCAN_QR_CODE: { level: 'warn', word: 'to be paired' },
    STARTING: { level: 'warn', word: 'connecting' },
    STOPPED: { level: 'idle', word: 'stopped' },
  };
  return words[status] ?? { level: 'warn', word: 'not known' };
}

/** What comes behind the name of a session that does not work. */
const faults: Readonly<Record<string, string>> = {
  logged_out: 'is logged out',
  temporarily_banned: 'is banned by WhatsApp for a while',
  banned: 'is banned by WhatsApp',
  forbidden: 'is refused by WhatsApp',
  replaced: 'was replaced by another client',
  qr_timeout: 'was not paired',
  unreachable: 'does not reach WhatsApp',
  no_owner: 'is held by no replica',
  scan_qr_code: 'waits to be paired',
};
const faultOf = ({ status, reason }: Pick<FailingSession, 'status' | 'reason'>): string =>
  (status === 'SCAN_QR_CODE' ? faults['scan_qr_code'] : faults[reason ?? '']) ?? 'does not work';

/** A person has to take the phone. */
const isToBePaired = ({ status, reason }: FailingSession): boolean =>
  status === 'SCAN_QR_CODE' || reason === 'logged_out' || reason === 'qr_timeout';

/** With names: the sentence, since when, what waits, and where to do something about it. Undefined where nothing is known to be wrong. */
export function sessionsProblem(
  { counts, failing }: SessionsInShort,
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
  const rest = { since: earliest(failing), consequence: waits(waiting, count > failing.length) };
  if (count <= 1)
    return {
      ...rest,
      sentence: `WhatsApp session ${first.id} ${faultOf(first)}`,
      action: {
        text: mayPair && isToBePaired(first) ? 'Pair it again' : 'See the session',
        href: href(['whatsapp', first.id]),
      },
    };
  const names = failing.slice(0, 3).map(({ id }) => id);
  const more = count - names.length;
  return {
    ...rest,
    sentence: `${count} WhatsApp sessions do not work: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    action: { text: 'See the sessions', href: href(['whatsapp'], { wrong: '1' }) },
  };
}

const earliest = (failing: readonly FailingSession[]): string =>
  failing.map(({ since }) => since).toSorted()[0]!;

const waits = (messages: number, isPart: boolean): string | undefined =>
  messages === 0
    ? undefined
    : `${isPart ? 'more than ' : ''}${countText(messages, 'message waits', 'messages wait')}`;

/** By the counts alone, for those who may see no names. */
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
  const plural: Record<string, string> = { is: 'are', does: 'do', was: 'were', waits: 'wait' };
  const words = fault ?? 'does not work';
  return wanted <= 1
    ? `The WhatsApp session ${words}`
    : `${failing} of ${wanted} WhatsApp sessions ${failing === 1 ? words : words.replace(/^\w+/, (verb) => plural[verb] ?? verb)}`;
}
