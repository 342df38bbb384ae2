import { countText, durationText } from './format.ts';
import type { Replica, SessionsInShort } from './live-values.ts';
import { href } from './router.ts';
import { sessionsProblem, sessionsSentence } from './session-words.ts';

/** A check as the api tells of it: apps/api/src/routes/checks.ts. */
export interface Check {
  name: string;
  looks_at: string | null;
  status: 'pass' | 'warn' | 'fail';
  since: string | null;
  reasons: Reason[];
  facts: Record<string, unknown>;
}

export interface Reason {
  code: string;
  means: string | null;
  title: string | null;
  what_to_do: { kind: 'text' | 'item' | 'code'; text: string }[];
}

/** One thing that is wrong, as a sentence without its time: `PostgreSQL is away`. */
export interface Problem {
  check: string;
  level: 'warn' | 'bad';
  sentence: string;
  since: string | null;
  /** What follows the time: `12 messages wait`. */
  consequence?: string | undefined;
  reasons: readonly Reason[];
  /** Where something can be done about it. */
  action: { text: string; href: string };
}

/** A cause stands before what follows from it. */
const causesFirst = [
  'database',
  'migrations',
  'schema',
  'redis',
  'workers',
  'baileys',
  'sessions',
  'agent',
  'queues',
  'customers',
  'paused',
  'failed',
];

/** A check that cannot see because one of these is away says so by a code with its name: `redis_timeout`. */
const lookedThrough = ['database', 'redis'];

/** What a viewer knows beside the checks. */
export interface Known {
  /** With names; null for those who may see none. */
  sessions?: SessionsInShort | null;
  mayPair?: boolean;
  /** They show sooner than the checks that a service died. */
  replicas?: readonly Replica[];
  /** Unix ms; of the moment that the replicas are of. */
  now?: number;
  /** Jobs that failed for good, of those that the viewer may see. */
  failedJobs?: { depth: number; newest: string | null } | null;
  /** Queues of which nobody takes jobs because somebody said so. */
  pausedQueues?: readonly string[];
}

/** Everything that is wrong, the cause first, and nothing that only follows from it. */
export function diagnose(checks: readonly Check[], known: Known = {}): Problem[] {
  const failing = new Set(checks.filter(({ status }) => status === 'fail').map(({ name }) => name));
  const follows = ({ name, reasons }: Check): boolean =>
    (name === 'agent' && failing.has('workers')) ||
    (reasons.length > 0 &&
      reasons.every(({ code }) =>
        lookedThrough.some(
          (cause) =>
            cause !== name && failing.has(cause) && (code.startsWith(`${cause}_`) || code === 'error'),
        ),
      ));
  const rank = ({ check }: Problem): number => {
    const place = causesFirst.indexOf(check);
    return place < 0 ? causesFirst.length : place;
  };
  const silent = silentServices(known.replicas ?? [], known.now ?? 0).filter(
    ({ check }) => !failing.has(check),
  );
  return [
    ...checks
      .filter((check) => check.status !== 'pass' && !follows(check))
      .map((check) => problemOf(check, known)),
    ...silent,
    ...decisionsToMake(known),
  ].toSorted((a, b) => Number(b.level === 'bad') - Number(a.level === 'bad') || rank(a) - rank(b));
}

/** Checks that fail, a while later, where a service is gone. */
const checkOf: Readonly<Record<string, string>> = { worker: 'workers', baileys: 'baileys' };

const silentSentences: Readonly<Record<string, string>> = {
  worker: 'No worker works: messages wait for their answers',
  baileys: 'The WhatsApp service is silent: no message comes in or goes out',
  calls: 'The calls service is silent: no call is answered',
};

/** Services of which no replica speaks any more. One that is lost stays in the list for an hour, also beside its successor. */
export function silentServices(replicas: readonly Replica[], now: number): Problem[] {
  return Object.entries(Object.groupBy(replicas, ({ service }) => service)).flatMap(([service, all = []]) => {
    if (all.some(({ state }) => state === 'live' || state === 'draining')) return [];
    const silent = Math.min(...all.map(({ silent_seconds: seconds }) => seconds));
    return {
      check: checkOf[service] ?? service,
      level: 'bad' as const,
      sentence: silentSentences[service] ?? `No replica of ${service} speaks`,
      since: new Date(now - silent * 1000).toISOString(),
      reasons: [
        {
          code: 'lost',
          means: 'it did not say that it leaves: it died, hangs or is cut off',
          title: null,
          what_to_do: [
            { kind: 'text' as const, text: 'See why it ended, and start it again:' },
            {
              kind: 'code' as const,
              text: `docker compose ps ${service}\ndocker compose logs --tail 50 ${service}\ndocker compose up -d ${service}`,
            },
          ],
        },
      ],
      action: { text: 'See the services', href: href(['services'], { wrong: '1' }) },
    };
  });
}

function problemOf(check: Check, { sessions, mayPair = false }: Known): Problem {
  const { name, status, since, reasons } = check;
  return {
    check: name,
    level: status === 'fail' ? 'bad' : 'warn',
    sentence: sentences[name]?.(check, reasons[0]?.code ?? '') ?? general(check),
    since,
    reasons,
    action: actions[name] ?? { text: 'What the checks say', href: href(['health'], { check: name }) },
    ...(name === 'sessions' && sessions && sessionsProblem(sessions, mayPair)),
  };
}

const general = ({ name, reasons }: Check): string =>
  `${name}: ${reasons[0]?.means ?? reasons[0]?.code ?? 'it does not work'}`.replace(/^./, (sign) =>
    sign.toUpperCase(),
  );

const numberOf = (facts: Check['facts'], name: string): number => {
  const value = facts[name];
  return typeof value === 'number' ? value : 0;
};
const listOf = (facts: Check['facts'], name: string): string[] => {
  const value = facts[name];
  return Array.isArray(value)
    ? value.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))
    : [];
};

const away: Readonly<Record<string, string>> = {
  timeout: 'does not answer',
  refused: 'is away',
  read_only: 'accepts no writes',
  disk_full: 'has no disk space left',
  out_of_memory: 'has no memory left',
  append_failed: 'cannot save its data',
  no_connection: 'has no connection left for requests',
};

const sentences: Readonly<Record<string, (check: Check, code: string) => string | undefined>> = {
  database: (_check, code) =>
    away[code] === undefined ? undefined : `PostgreSQL ${away[code]}: nothing is answered or stored`,
  redis: (_check, code) =>
    away[code] === undefined ? undefined : `Redis ${away[code]}: no job is done until it is back`,
  baileys: (_check, code) =>
    away[code] === undefined
      ? undefined
      : `The WhatsApp service ${away[code]}: no message comes in or goes out`,
  migrations: (_check, code) =>
    code === 'pending_migrations' ? 'The database is being migrated, or could not be' : undefined,
  workers({ facts }, code) {
    const [live, expected] = [numberOf(facts, 'live'), numberOf(facts, 'expected')];
    if (code === 'too_few') return `${live} of ${countText(expected, 'worker')} works`;
    if (code === 'not_working')
      return live > 0 ? 'A worker takes no jobs' : 'No worker works: messages wait for their answers';
    if (code === 'stale' || live === 0) return 'No worker works: messages wait for their answers';
    return undefined;
  },
  sessions: ({ facts }) =>
    sessionsSentence({
      wanted: numberOf(facts, 'wanted'),
      working: numberOf(facts, 'working'),
      reasons: facts['reasons'],
    }),
  customers({ facts }) {
    const [waiting, age] = [numberOf(facts, 'waiting'), numberOf(facts, 'oldest_age_seconds')];
    const notTold = numberOf(facts, 'not_notifiable') > 0 ? ', and nobody can be told' : '';
    return waiting === 0
      ? undefined
      : `${countText(waiting, 'customer waits', 'customers wait')} for a person, the longest for ${durationText(age)}${notTold}`;
  },
  queues({ facts }, code) {
    const words: Record<string, string> = {
      unserved: 'No worker takes jobs of',
      stuck: 'A job is stuck in',
      late: 'Overdue:',
      run_failed: 'The last run failed:',
    };
    if (code === 'dead_letter_filling') return 'The dead letter fills: its oldest jobs will soon be dropped';
    return words[code] === undefined ? undefined : `${words[code]} ${listOf(facts, code).join(', ')}`.trim();
  },
};

/** What waits for somebody to decide, and is no failure of a check. */
function decisionsToMake({ failedJobs, pausedQueues = [] }: Known): Problem[] {
  const paused = pausedQueues.length > 0 && {
    check: 'paused',
    level: 'warn' as const,
    sentence: `${pausedQueues.join(', ')} ${pausedQueues.length === 1 ? 'is' : 'are'} paused: what comes waits until somebody resumes`,
    since: null,
    reasons: [],
    action: { text: 'See the queues', href: href(['jobs'], { wrong: '1' }) },
  };
  const failed = failedJobs &&
    failedJobs.depth > 0 && {
      check: 'failed',
      level: 'warn' as const,
      sentence: `${countText(failedJobs.depth, 'job')} failed for good and ${failedJobs.depth === 1 ? 'waits' : 'wait'} for somebody to replay or drop ${failedJobs.depth === 1 ? 'it' : 'them'}`,
      since: null,
      reasons: [],
      action: { text: 'See why they failed', href: href(['jobs']) },
    };
  return [paused, failed].filter((one) => Boolean(one)) as Problem[];
}

const actions: Readonly<Record<string, Problem['action']>> = {
  workers: { text: 'See the services', href: href(['services'], { wrong: '1' }) },
  sessions: { text: 'See the WhatsApp sessions', href: href(['whatsapp'], { wrong: '1' }) },
  queues: { text: 'See the jobs', href: href(['jobs'], { wrong: '1' }) },
  customers: { text: 'See who waits', href: href(['conversations'], { state: 'waiting' }) },
};
