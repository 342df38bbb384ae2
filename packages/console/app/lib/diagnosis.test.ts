import { expect, test } from 'vitest';
import { type Check, diagnose } from './diagnosis.ts';
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
const told = (...checks: Check[]): string[] =>
  diagnose(checks).map(({ level, sentence }) => `${level}: ${sentence}`);

test('nothing is said where all is well', () => {
  expect(told(check('database', 'pass'), check('redis', 'pass'))).toEqual([]);
});

test('the cause is named, and not what follows from it', () => {
  expect(
    told(
      check('workers', 'fail', ['redis_refused']),
      check('queues', 'fail', ['redis_refused']),
      check('customers', 'warn', ['customers_waiting'], { waiting: 2, oldest_age_seconds: 1500 }),
      check('redis', 'fail', ['refused']),
    ),
  ).toEqual([
    'bad: Redis is away: no job is done until it is back',
    'warn: 2 customers wait for a person, the longest for 25 min',
  ]);
});

test.each<[Check, string]>([
  [check('database', 'fail', ['timeout']), 'bad: PostgreSQL does not answer: nothing is answered or stored'],
  [
    check('workers', 'fail', ['stale'], { live: 0, expected: 1 }),
    'bad: No worker works: messages wait for their answers',
  ],
  [check('workers', 'warn', ['too_few'], { live: 1, expected: 2 }), 'warn: 1 of 2 workers works'],
  [
    check('queues', 'warn', ['dead_letter_filling'], {}),
    'warn: The dead letter fills: its oldest jobs will soon be dropped',
  ],
  [check('queues', 'warn', ['unserved'], { unserved: ['notices'] }), 'warn: No worker takes jobs of notices'],
  [
    check('baileys', 'fail', ['refused']),
    'bad: The WhatsApp service is away: no message comes in or goes out',
  ],
  [check('voice', 'warn', ['cold']), 'warn: Voice: what cold means'],
])('%j', (failing, sentence) => {
  expect(told(failing)).toEqual([sentence]);
});

test('a check that is only looked at through another says what it means while the other is well', () => {
  expect(told(check('redis', 'pass'), check('workers', 'fail', ['redis_timeout'], { live: 1 }))).toEqual([
    'bad: Workers: what redis_timeout means',
  ]);
});

const replica = (service: string, state: Replica['state'], silent = 0): Replica =>
  ({ service, instance: `${service}:${silent}`, state, silent_seconds: silent }) as Replica;

test('a service of which no replica speaks is named before its check fails, and once', () => {
  const now = Date.parse('2026-01-01T00:01:00Z');
  const replicas = [replica('worker', 'lost', 60), replica('worker', 'stale', 20), replica('api', 'live')];
  const [problem, ...others] = diagnose([], { replicas, now });
  expect(problem).toMatchObject({
    check: 'workers',
    level: 'bad',
    sentence: 'No worker works: messages wait for their answers',
    since: '2026-01-01T00:00:40.000Z',
  });
  expect(others).toEqual([]);
  const failing = check('workers', 'fail', ['stale']);
  expect(diagnose([failing], { replicas, now })).toHaveLength(1);
});

test('a replica that was lost and has a successor is no problem', () => {
  expect(
    diagnose([], { replicas: [replica('worker', 'lost', 60), replica('worker', 'live')], now: 0 }),
  ).toEqual([]);
});

test('a session that does not work is named for those who may see names, with what waits for it', () => {
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
  expect(told(failing)).toEqual(['warn: 1 of 2 WhatsApp sessions is logged out']);
});

test('failed jobs and paused queues are told after what is broken', () => {
  const failedJobs = { depth: 12, newest: null };
  expect(
    diagnose([check('redis', 'warn', ['evicts_keys'])], { failedJobs, pausedQueues: ['notices'] }).map(
      ({ sentence }) => sentence,
    ),
  ).toEqual([
    'Redis: what evicts_keys means',
    'notices is paused: what comes waits until somebody resumes',
    '12 jobs failed for good and wait for somebody to replay or drop them',
  ]);
  expect(diagnose([], { failedJobs: { depth: 0, newest: null } })).toEqual([]);
});

test('that the agent is not loaded follows from having no worker', () => {
  expect(told(check('workers', 'fail', ['not_ready']), check('agent', 'fail', ['not_ready']))).toHaveLength(
    1,
  );
});
