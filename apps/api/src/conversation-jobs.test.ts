import type { OpenJob } from '@prosaas/database';
import type { JobProgress } from '@prosaas/queues';
import { expect, test } from 'vitest';
import { type HeadJobState, explainJob } from './conversation-jobs.ts';

const due = new Date('2026-01-01T12:00:00Z');
const jobOf = (fields: Partial<OpenJob>): OpenJob => ({
  id: '1',
  release: 1,
  queue: 'inbound-messages',
  message_id: null,
  attempts: 0,
  worker_deaths: 0,
  child_deaths: 0,
  is_released: true,
  is_delayed: false,
  run_at: due,
  last_failure: null,
  created_at: due,
  jobs: 1,
  ...fields,
});
const progressOf = (state: JobProgress['state'], isPaused = false): JobProgress => ({
  state,
  isPaused,
  nextTry: state === 'delayed' ? due : null,
});

test.each<[string, Partial<OpenJob>, JobProgress | undefined, HeadJobState, Date | null]>([
  ['a worker runs it', {}, progressOf('active'), 'running', null],
  ['a worker runs it in a paused queue', {}, progressOf('active', true), 'running', null],
  ['it waits for a worker', {}, progressOf('waiting'), 'waiting', null],
  ['its queue is paused', {}, progressOf('waiting', true), 'paused', null],
  ['an attempt failed', { attempts: 2 }, progressOf('delayed'), 'retrying', due],
  ['a worker postponed it', {}, progressOf('delayed'), 'retrying', due],
  ['Redis has lost it', {}, progressOf('unknown'), 'lost', null],
  ['BullMQ has completed it', {}, progressOf('completed'), 'lost', null],
  ['Redis is away', {}, undefined, 'unknown', null],
  ['it is not due', { is_released: false, is_delayed: true }, undefined, 'delayed', due],
  ['it is not released yet', { is_released: false }, undefined, 'pending', null],
])('explains a job if %s', (_what, job, progress, state, nextTry) => {
  expect(explainJob(jobOf(job), progress)).toMatchObject({ state, nextTry });
});
