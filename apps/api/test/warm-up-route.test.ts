import { type App, buildHttpApp } from '@prosaas/http';
import { createLogger } from '@prosaas/runtime';
import { afterEach, expect, test } from 'vitest';
import { warmUpRoute } from '../src/routes/warm-up.ts';
import type { ServingReplica } from '../src/serving-status.ts';
import { WarmUp } from '../src/warm-up.ts';

const log = createLogger({ service: 'api', instance: 'test', level: 'silent' });
let app: App | undefined;
afterEach(() => app?.close());

function appWith(replicas: () => Promise<ServingReplica[]>): App {
  app = buildHttpApp({ log });
  const warmUp = new WarmUp({ replicas, requestWarmUp: async () => {}, log, waitMs: 20, everyMs: 1 });
  warmUpRoute(app, { warmUp, canSeeDetails: (request) => request.headers['x-test'] === 'details' });
  return app;
}

const mixed: ServingReplica[] = [
  { service: 'worker', instance: 'worker:host-a:1', report: { agent: 'warm' } },
  { service: 'calls', instance: 'calls:host-b:2', report: { agent: 'warm', voice: 'loading' } },
];

test('names the services that stay cold, and their hosts only in the details', async () => {
  const answers = appWith(async () => mixed);
  const stranger = await answers.inject('/warmup');
  expect([stranger.statusCode, stranger.json()]).toEqual([
    503,
    {
      status: 'cold',
      checks: {
        agent: { status: 'pass', replicas: 2 },
        voice: { status: 'fail', reason: 'not_ready', replicas: 2, cold: ['calls'] },
      },
    },
  ]);
  const details = await answers.inject({ url: '/warmup', headers: { 'x-test': 'details' } });
  expect(details.body).toContain('"instance":"calls:host-b:2","state":"loading"');
  const verbose = await answers.inject('/warmup?verbose');
  expect(verbose.body).toBe('[+]agent ok\n[-]voice failed: not_ready\nwarmup check failed\n');
  const draft = await answers.inject({ url: '/warmup', headers: { accept: 'application/health+json' } });
  expect([draft.statusCode, draft.json()]).toMatchObject([
    503,
    { status: 'fail', output: 'voice: not_ready' },
  ]);
});

test('answers 503 with the reason while Redis cannot be reached', async () => {
  const answer = await appWith(() =>
    Promise.reject(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })),
  ).inject('/warmup');
  expect([answer.statusCode, answer.json()]).toEqual([
    503,
    {
      status: 'cold',
      checks: { agent: { status: 'fail', reason: 'refused' }, voice: { status: 'fail', reason: 'refused' } },
    },
  ]);
});
