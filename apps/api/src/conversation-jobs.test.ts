import type { OpenJob } from '@prosaas/database';
import type { JobProgress } from '@prosaas/queues';
import { expect, test } from 'vitest';
import { type WaitState, explainJob } from './conversation-jobs.ts';

const due = new Date('2026-01-01T12:00:00Z');
const jobOf = (own: Partial<OpenJob>): OpenJob => ({
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
  ...own,
});
const at = (state: JobProgress['state'], isPaused = false): JobProgress => ({
  state,
  isPaused,
  nextTry: state === 'delayed' ? due : null,
});

test.each<[string, Partial<OpenJob>, JobProgress | undefined, WaitState, Date | null]>([
  ['a worker is at it', {}, at('active'), 'running', null],
  ['a worker is at it in a paused queue', {}, at('active', true), 'running', null],
  ['it waits for a worker', {}, at('waiting'), 'waiting', null],
  ['its queue is paused', {}, at('waiting', true), 'paused', null],
  ['an attempt failed', { attempts: 2 }, at('delayed'), 'retrying', due],
  ['a worker put it back', {}, at('delayed'), 'retrying', due],
  ['Redis has lost it', {}, at('unknown'), 'lost', null],
  ['BullMQ has it as ended', {}, at('completed'), 'lost', null],
  ['Redis is away', {}, undefined, 'unknown', null],
  ['it is not due', { is_released: false, is_delayed: true }, undefined, 'delayed', due],
  ['it is not released yet', { is_released: false }, undefined, 'pending', null],
])('where %s', (_what, job, progress, state, nextTry) => {
  expect(explainJob(jobOf(job), progress)).toMatchObject({ state, nextTry });
});
