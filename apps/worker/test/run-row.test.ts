import { loadProfile } from '@prosaas/agentkit';
import { type JobRow, addJob, failJobs, findJob, replayDeadJobs } from '@prosaas/database';
import { queueNames, queueTable } from '@prosaas/queues';
import { randomUUID } from 'node:crypto';
import type { AnswerOutcomes } from '@prosaas/telemetry';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { JobHandler, JobHandlers } from '../src/job.ts';
import { createChildRunner } from '../src/child-runner.ts';
import { RunningJobs } from '../src/running-jobs.ts';
import { type Outcome, runRow } from '../src/run-row.ts';
import { RetryNow, Stopping } from '../src/job-errors.ts';
import { type Stage, setStage, silent } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(async () => {
  await stage[Symbol.asyncDispose]();
});

const queue = 'inbound-messages';
const { attempts } = queueTable[queue];
const never = new AbortController().signal;

async function newRow(): Promise<JobRow> {
  const id = randomUUID();
  const payload = { messageId: id, conversationId: id, businessId: 'default' };
  const added = await addJob(stage.db, { queue, orderKey: `in:${id}`, payload });
  return (await findJob(stage.db, added!.id))!;
}

const run = (row: JobRow, handler: JobHandler, signal: AbortSignal = never): Promise<Outcome> =>
  runRow(
    {
      db: stage.db,
      handlers: Object.fromEntries(queueNames.map((name) => [name, handler])) as unknown as JobHandlers,
      instance: 'test',
    },
    row,
    { signal, log: silent },
  );

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

test('a job past its time limit is aborted, uses up an attempt, and its failure is recorded', async () => {
  const row = await newRow();
  using job = new RunningJobs().begin(50);
  const outcome = await run(row, ({ signal }) => untilAborted(signal), job.signal);
  expect(outcome).toMatchObject({ kind: 'retry' });
  const [kept] = await stage.db.query<{ attempts: number; failures: object[] }>(
    'select attempts, failures from jobs',
  );
  expect(kept).toMatchObject({
    attempts: 1,
    failures: [{ attempt: 1, worker: 'test', error: expect.stringMatching(/^TimeIsUp: /) }],
  });
});

test('a job that always fails goes to the dead letter after the attempts of its queue', async () => {
  const { id } = await newRow();
  const outcomes: string[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const row = (await findJob(stage.db, id))!;
    outcomes.push((await run(row, () => Promise.reject(new Error('again')))).kind);
  }
  expect(outcomes).toEqual([...Array.from({ length: attempts - 1 }, () => 'retry'), 'failed']);
  expect(await findJob(stage.db, id)).toMatchObject({ attempts, failure: 'Error: again' });
});

test.each([
  ['a worker that stops', new Stopping('x'), 0],
  ['a conversation that changed hands', new RetryNow('x'), 0],
  ['PostgreSQL that cannot write', Object.assign(new Error('x'), { code: '25006', severity: 'ERROR' }), 2000],
])('%s uses up no attempt', async (_what, error, afterMs) => {
  const row = await newRow();
  expect(await run(row, () => Promise.reject(error))).toMatchObject({ kind: 'requeue', afterMs });
  expect(await findJob(stage.db, row.id)).toMatchObject({ attempts: 0, failure: null });
});

test('rolls back the writes of a job that was released again meanwhile', async () => {
  const row = await newRow();
  const outcome = await run(row, async ({ complete }) => {
    await stage.db.query('update jobs set release = release + 1');
    await complete(async (tx) => void (await tx.query("insert into warnings (name) values ('x')")));
  });
  expect(outcome).toEqual({ kind: 'done', released: [], counts: [] });
  expect(await stage.db.query('select from warnings')).toEqual([]);
  expect(await findJob(stage.db, row.id)).toMatchObject({ release: 2 });
});

test('adds follow-up jobs in the transaction that completes a job, and releases them', async () => {
  const row = await newRow();
  const outcome = await run(row, ({ complete, payload }) =>
    complete((tx) => tx.addJob({ queue: 'outbound-messages', orderKey: 'out:x', payload })),
  );
  expect(outcome).toMatchObject({ kind: 'done', released: [{ queue: 'outbound-messages', release: 1 }] });
  expect(await findJob(stage.db, row.id)).toBeUndefined();
});

test('counts the events of a transaction that is committed, and none of one that is rolled back', async () => {
  const event = { metric: 'handovers', labels: { reason: 'asked' } } as const;
  const row = await newRow();
  const outcome = await run(row, async ({ complete }) => {
    const rolledBack = complete(async (tx) => {
      tx.count(event);
      await tx.query('select from nowhere');
    });
    await expect(rolledBack).rejects.toThrow('nowhere');
    await complete(async (tx) => tx.count(event));
  });
  expect(outcome).toEqual({ kind: 'done', released: [], counts: [event] });
});

test('counts and releases what was committed before an error', async () => {
  const event = { metric: 'handovers', labels: { reason: 'asked' } } as const;
  const outcome = await run(await newRow(), async ({ complete, payload }) => {
    await complete(async (tx) => {
      tx.count(event);
      await tx.addJob({ queue: 'outbound-messages', orderKey: 'out:x', payload });
    });
    throw new Error('afterwards');
  });
  expect(outcome).toMatchObject({ released: [{ queue: 'outbound-messages' }], counts: [event] });
});

/** Counts the agent's answers into `answers`. */
const counters = (answers: string[]): AnswerOutcomes => ({
  onAnswer: (source) => void answers.push(source),
  onModelCall: () => {},
});

test('counts what the agent of a child process answered', async () => {
  const id = await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  const [added] = await stage.db.query<{ id: string }>(
    'select id::text as id from jobs where message_id = $1',
    [id],
  );
  const profile = await loadProfile();
  const answers: string[] = [];
  for (const [name, value] of Object.entries(stage.env)) vi.stubEnv(name, value);
  await using children = createChildRunner({ ...counters(answers), db: stage.db, profile: () => profile });
  const outcome = await children.run((await findJob(stage.db, added!.id))!, { signal: never, log: silent });
  vi.unstubAllEnvs();
  expect(outcome).toMatchObject({ kind: 'done', released: [{ queue: 'outbound-messages' }] });
  expect(answers).toEqual(['faq']);
});

test('requeues a job whose child process cannot be started, without recording a death', async () => {
  const row = await newRow();
  const { execPath } = process;
  process.execPath = '/nowhere';
  try {
    const profile = await loadProfile();
    await using children = createChildRunner({ ...counters([]), db: stage.db, profile: () => profile });
    const outcome = await children.run(row, { signal: never, log: silent });
    expect(outcome).toMatchObject({ kind: 'requeue' });
  } finally {
    process.execPath = execPath;
  }
  expect(await findJob(stage.db, row.id)).toMatchObject({ child_deaths: 0, failure: null });
});

test('the BullMQ job of an older release neither runs nor completes a replayed job', async () => {
  const row = await newRow();
  await stage.db.transaction((tx) => failJobs(tx, [row], 'X'));
  await stage.db.transaction((tx) => replayDeadJobs(tx, [{ id: row.id, delaySeconds: 60 }]));
  expect(await findJob(stage.db, row.id)).toMatchObject({ is_released: false, failure: null, release: 2 });
  expect(await run(row, ({ complete }) => complete())).toEqual({ kind: 'done', released: [], counts: [] });
  expect(await findJob(stage.db, row.id)).toBeDefined();
});
