import { expect, test } from 'vitest';
import type { Check } from './checks.ts';
import { diagnose } from './diagnosis.ts';
import type { Replica } from './live-values.ts';

const check = (
  name: string,
  status: Check['status'],
  codes: string[] = [],
  facts: Check['facts'] = {},
): Check => ({
  name,
  looks_at: null,
  status,
  since: '2026-11-29T02:14:00Z',
  reasons: codes.map((code) => ({ code, means: `what ${code} means`, title: null, what_to_do: [] })),
  facts,
});
const sentences = (...checks: Check[]): string[] =>
  diagnose(checks).map(({ level, sentence }) => `${level}: ${sentence}`);

test('there are no problems while all checks pass', () => {
  expect(sentences(check('database', 'pass'), check('redis', 'pass'))).toEqual([]);
});

test('names causes and leaves out their consequences', () => {
  expect(
    sentences(
      check('workers', 'fail', ['redis_refused']),
      check('queues', 'fail', ['redis_refused']),
      check('customers', 'warn', ['customers_waiting'], { waiting: 2, oldest_age_seconds: 1500 }),
      check('redis', 'fail', ['refused']),
    ),
  ).toEqual([
    'bad: Redis cannot be reached: no jobs run until it is back',
    'warn: 2 customers are waiting for a person, the longest for 25 min',
  ]);
});

test.each<[Check, string]>([
  [check('database', 'fail', ['timeout']), 'bad: PostgreSQL does not answer: nothing is answered or stored'],
  [
    check('workers', 'fail', ['stale'], { live: 0, expected: 1 }),
    'bad: No worker is working: customers get no answers',
  ],
  [check('workers', 'warn', ['too_few'], { live: 1, expected: 2 }), 'warn: 1 of 2 workers is working'],
  [
    check('queues', 'warn', ['dead_letter_filling'], {}),
    'warn: The dead letter is almost full: its oldest jobs will be deleted soon',
  ],
  [
    check('queues', 'warn', ['unserved'], { unserved: ['notices'] }),
    'warn: No worker takes jobs from notices',
  ],
  [
    check('baileys', 'fail', ['refused']),
    'bad: The WhatsApp service cannot be reached: no messages come in or go out',
  ],
  [check('voice', 'warn', ['cold']), 'warn: Voice: what cold means'],
])('%j', (failing, sentence) => {
  expect(sentences(failing)).toEqual([sentence]);
});

test('a check that depends on another one is shown while the other one passes', () => {
  expect(sentences(check('redis', 'pass'), check('workers', 'fail', ['redis_timeout'], { live: 1 }))).toEqual(
    ['bad: Workers: what redis_timeout means'],
  );
});

const replica = (service: string, state: Replica['state'], silent = 0): Replica =>
  ({ service, instance: `${service}:${silent}`, state, silent_seconds: silent }) as Replica;

test('a service without a running replica is shown once, even before its check fails', () => {
  const now = Date.parse('2026-01-01T00:01:00Z');
  const replicas = [replica('worker', 'lost', 60), replica('worker', 'stale', 20), replica('api', 'live')];
  const [problem, ...others] = diagnose([], { replicas, now });
  expect(problem).toMatchObject({
    check: 'workers',
    level: 'bad',
    sentence: 'No worker is working: customers get no answers',
    since: '2026-01-01T00:00:40.000Z',
  });
  expect(others).toEqual([]);
  const failing = check('workers', 'fail', ['stale']);
  expect(diagnose([failing], { replicas, now })).toHaveLength(1);
});

test('a lost replica with a successor is not a problem', () => {
  expect(
    diagnose([], { replicas: [replica('worker', 'lost', 60), replica('worker', 'live')], now: 0 }),
  ).toEqual([]);
});

test('a failing session is named for viewers who may see names, with its waiting messages', () => {
  const failing = check('sessions', 'warn', ['not_ready'], {
    wanted: 2,
    working: 1,
    reasons: { logged_out: 1 },
  });
  const since = '2026-11-29T03:00:00Z';
  const desk = { id: 'front-desk', status: 'FAILED', reason: 'logged_out', since, waiting: 12 };
  const sessions = { changed: '', counts: { WORKING: 1, FAILED: 1 }, failing: [desk] };
  expect(diagnose([failing], { sessions, mayPair: true })).toMatchObject([
    {
      sentence: 'WhatsApp session front-desk is logged out',
      since,
      consequence: '12 messages wait',
      action: { text: 'Pair it again', href: '#/whatsapp/front-desk' },
    },
  ]);
  expect(sentences(failing)).toEqual(['warn: 1 of 2 WhatsApp sessions is logged out']);
});

test('failed jobs and paused queues come after failing checks', () => {
  const failedJobs = { depth: 12, newest: null };
  expect(
    diagnose([check('redis', 'warn', ['evicts_keys'])], { failedJobs, pausedQueues: ['notices'] }).map(
      ({ sentence }) => sentence,
    ),
  ).toEqual([
    'Redis: what evicts_keys means',
    'notices is paused: new jobs wait until somebody resumes it',
    '12 jobs failed for good: replay or purge them',
  ]);
  expect(diagnose([], { failedJobs: { depth: 0, newest: null } })).toEqual([]);
});

test('an unloaded agent is a consequence of having no worker', () => {
  expect(
    sentences(check('workers', 'fail', ['not_ready']), check('agent', 'fail', ['not_ready'])),
  ).toHaveLength(1);
});
