import type { Check, Reason } from './checks.ts';
import { countText, durationText } from './format.ts';
import type { Replica, SessionsSummary } from './live-values.ts';
import { href } from './router.ts';
import { sessionsProblem, sessionsSentence } from './session-text.ts';

/** One problem. */
export interface Problem {
  check: string;
  level: 'warn' | 'bad';
  /** Without its time: `PostgreSQL cannot be reached`. */
  sentence: string;
  since: string | null;
  /** Shown after the time: `12 messages wait`. */
  consequence?: string | undefined;
  reasons: readonly Reason[];
  /** A link to the page that helps. */
  action: { text: string; href: string };
}

/** Causes come before their consequences. */
const CHECK_ORDER = [
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

/** A check that needs one of these reports their failure with a prefix: `redis_timeout`. */
const DEPENDENCIES = ['database', 'redis'];

/** What is known beside the checks. */
export interface DiagnosisContext {
  /** null for viewers who may not see the names of sessions. */
  sessions?: SessionsSummary | null;
  mayPair?: boolean;
  /** They show that a service is gone before its check fails. */
  replicas?: readonly Replica[];
  /** Unix ms of `replicas`. */
  now?: number;
  /** Jobs in the dead letter that the viewer may see. */
  failedJobs?: { depth: number; newest: string | null } | null;
  /** Names of the queues that somebody has paused. */
  pausedQueues?: readonly string[];
}

/** All problems, causes first, without those that are only consequences of another one. */
export function diagnose(checks: readonly Check[], context: DiagnosisContext = {}): Problem[] {
  const failing = new Set(checks.filter(({ status }) => status === 'fail').map(({ name }) => name));
  const isConsequence = ({ name, reasons }: Check): boolean =>
    (name === 'agent' && failing.has('workers')) ||
    (reasons.length > 0 &&
      reasons.every(({ code }) =>
        DEPENDENCIES.some(
          (cause) =>
            cause !== name && failing.has(cause) && (code.startsWith(`${cause}_`) || code === 'error'),
        ),
      ));
  const rank = ({ check }: Problem): number => {
    const place = CHECK_ORDER.indexOf(check);
    return place < 0 ? CHECK_ORDER.length : place;
  };
  const silent = silentServices(context.replicas ?? [], context.now ?? 0).filter(
    ({ check }) => !failing.has(check),
  );
  return [
    ...checks
      .filter((check) => check.status !== 'pass' && !isConsequence(check))
      .map((check) => problemOf(check, context)),
    ...silent,
    ...pendingDecisions(context),
  ].toSorted((a, b) => Number(b.level === 'bad') - Number(a.level === 'bad') || rank(a) - rank(b));
}

/** The checks that fail, a while later, when a service is gone. */
const checkOf: Readonly<Record<string, string>> = { worker: 'workers', baileys: 'baileys' };

const silentSentences: Readonly<Record<string, string>> = {
  worker: 'No worker is working: customers get no answers',
  baileys: 'The WhatsApp service has stopped: no messages come in or go out',
  calls: 'The calls service has stopped: no calls are answered',
};

/** Services without a running replica. A lost replica stays in the list for an hour, also next to its successor. */
export function silentServices(replicas: readonly Replica[], now: number): Problem[] {
  return Object.entries(Object.groupBy(replicas, ({ service }) => service)).flatMap(([service, all = []]) => {
    if (all.some(({ state }) => state === 'live' || state === 'draining')) return [];
    const silentSeconds = Math.min(...all.map(({ silent_seconds: seconds }) => seconds));
    return {
      check: checkOf[service] ?? service,
      level: 'bad' as const,
      sentence: silentSentences[service] ?? `No replica of ${service} is running`,
      since: new Date(now - silentSeconds * 1000).toISOString(),
      reasons: [
        {
          code: 'lost',
          means: 'it stopped reporting: it crashed, hangs or is cut off',
          title: null,
          what_to_do: [
            { kind: 'text' as const, text: 'See why it ended, then start it again:' },
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

function problemOf(check: Check, { sessions, mayPair = false }: DiagnosisContext): Problem {
  const { name, status, since, reasons } = check;
  return {
    check: name,
    level: status === 'fail' ? 'bad' : 'warn',
    sentence: sentences[name]?.(check, reasons[0]?.code ?? '') ?? general(check),
    since,
    reasons,
    action: actions[name] ?? { text: 'Open the check', href: href(['health'], { check: name }) },
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

const outages: Readonly<Record<string, string>> = {
  timeout: 'does not answer',
  refused: 'cannot be reached',
  read_only: 'accepts no writes',
  disk_full: 'has no disk space left',
  out_of_memory: 'has no memory left',
  append_failed: 'cannot save its data',
  no_connection: 'has no free connection',
};

const sentences: Readonly<Record<string, (check: Check, code: string) => string | undefined>> = {
  database: (_check, code) =>
    outages[code] === undefined ? undefined : `PostgreSQL ${outages[code]}: nothing is answered or stored`,
  redis: (_check, code) =>
    outages[code] === undefined ? undefined : `Redis ${outages[code]}: no jobs run until it is back`,
  baileys: (_check, code) =>
    outages[code] === undefined
      ? undefined
      : `The WhatsApp service ${outages[code]}: no messages come in or go out`,
  migrations: (_check, code) =>
    code === 'pending_migrations' ? 'Database migrations are running, or have failed' : undefined,
  workers({ facts }, code) {
    const [live, expected] = [numberOf(facts, 'live'), numberOf(facts, 'expected')];
    if (code === 'too_few')
      return `${live} of ${countText(expected, 'worker')} ${live === 1 ? 'is' : 'are'} working`;
    if (code === 'not_working')
      return live > 0 ? 'A worker takes no jobs' : 'No worker is working: customers get no answers';
    if (code === 'stale' || live === 0) return 'No worker is working: customers get no answers';
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
    const notNotified = numberOf(facts, 'not_notifiable') > 0 ? ', and nobody can be notified' : '';
    return waiting === 0
      ? undefined
      : `${countText(waiting, 'customer is waiting', 'customers are waiting')} for a person, the longest for ${durationText(age)}${notNotified}`;
  },
  queues({ facts }, code) {
    const beginnings: Record<string, string> = {
      unserved: 'No worker takes jobs from',
      stuck: 'A job is stuck in',
      late: 'Overdue:',
      run_failed: 'The last run failed:',
    };
    if (code === 'dead_letter_filling')
      return 'The dead letter is almost full: its oldest jobs will be deleted soon';
    return beginnings[code] === undefined
      ? undefined
      : `${beginnings[code]} ${listOf(facts, code).join(', ')}`.trim();
  },
};

/** What needs a decision without being a failure of a check. */
function pendingDecisions({ failedJobs, pausedQueues = [] }: DiagnosisContext): Problem[] {
  const paused = pausedQueues.length > 0 && {
    check: 'paused',
    level: 'warn' as const,
    sentence: `${pausedQueues.join(', ')} ${pausedQueues.length === 1 ? 'is' : 'are'} paused: new jobs wait until somebody resumes ${pausedQueues.length === 1 ? 'it' : 'them'}`,
    since: null,
    reasons: [],
    action: { text: 'See the queues', href: href(['jobs'], { wrong: '1' }) },
  };
  const failed = failedJobs &&
    failedJobs.depth > 0 && {
      check: 'failed',
      level: 'warn' as const,
      sentence: `${countText(failedJobs.depth, 'job')} failed for good: replay or purge ${failedJobs.depth === 1 ? 'it' : 'them'}`,
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
  customers: { text: 'See who is waiting', href: href(['conversations'], { state: 'waiting' }) },
};
