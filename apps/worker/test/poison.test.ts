import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poll } from '@prosaas/devstack';
import { listDeadJobs } from '@prosaas/database';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { keepAgentAfterFailure } from '../prove/keep-agent-after-failure.ts';
import { type Stage, jobProcessOf, prepareForks, setStage } from './stage.ts';

vi.setConfig({ testTimeout: 200_000 });

const preload = new URL('deadly-fetch.ts', import.meta.url).href;

let stage: Stage;
let ending = false;
beforeAll(prepareForks);
beforeEach(async () => {
  ending = false;
  stage = await setStage();
});
afterEach(async () => {
  ending = true;
  await stage[Symbol.asyncDispose]();
});

/** Restarts a worker whenever it dies, as an orchestrator does, and counts the deaths. */
function keepAlive(env: Record<string, string>): { deaths: number } {
  const kept = { deaths: 0 };
  const start = (): void => {
    stage.fork(env).once('exit', () => {
      if (ending) return;
      kept.deaths += 1;
      start();
    });
  };
  start();
  return kept;
}

test.each(['killed', 'blocks'])(
  'a job whose process %s costs two workers and two child processes, and the other jobs go on',
  async (way) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'poison-'));
    const ledger = join(folder.path, 'deaths');
    const workers = keepAlive({
      NODE_OPTIONS: `--import ${preload}`,
      WORKER_EXIT_AFTER_SECONDS: '4',
      DEADLY_LEDGER: ledger,
    });
    await stage.receive(`${way}@s.whatsapp.net`, 'Do you take cash?');
    for (let contact = 0; contact < 6; contact++) {
      await stage.receive(`${contact}@s.whatsapp.net`, 'Do you take cash?');
    }
    await poll(async () => (await stage.rows()).dead === 1, {
      timeoutMs: 90_000,
      what: 'the poison to be out',
    });
    await poll(async () => (await stage.rows()).closed === 13, {
      timeoutMs: 60_000,
      what: 'the others',
    });
    expect(await listDeadJobs(stage.db, {}, { before: undefined, limit: 10 })).toMatchObject([
      { queue: 'outbound-messages', reason: expect.stringMatching(/^POISON: /), attempts: 0 },
    ]);
    expect(workers.deaths).toBe(2);
    const deaths = (await readFile(ledger, 'utf8')).trim().split('\n');
    expect(deaths.map((line) => line.split(' ')[1])).toEqual(['worker', 'worker', 'child', 'child']);
    expect(stage.baileys.sent).toHaveLength(6);
  },
);

test('a job whose child processes kill their workers fails too', async () => {
  const workers = keepAlive({ NODE_OPTIONS: `--import ${preload}` });
  await stage.receive('together@s.whatsapp.net', 'Do you take cash?');
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  await poll(async () => (await stage.rows()).dead === 1, {
    timeoutMs: 90_000,
    what: 'the poison to be out',
  });
  await poll(async () => (await stage.totals()).completed === 3, { timeoutMs: 60_000, what: 'the other' });
  // A killed container looks the same.
  expect(workers.deaths).toBe(8);
});

test('a poison message in a busy conversation costs at most two workers', async () => {
  await keepAgentAfterFailure(stage.db);
  for (let turn = 0; turn < 12; turn++) {
    const text = turn % 6 === 3 ? 'Do you take cash?' : 'May I bring my dog?';
    await stage.receive('killed.cash@s.whatsapp.net', text);
  }
  const kept = [0, 1, 2].map(() => keepAlive({ NODE_OPTIONS: `--import ${preload}` }));
  await poll(async () => (await stage.rows()).dead === 2, { timeoutMs: 90_000, what: 'the poison' });
  await poll(async () => (await stage.rows()).closed === 22, { timeoutMs: 90_000, what: 'the others' });
  expect(stage.baileys.sent).toHaveLength(10);
  expect(kept.reduce((sum, { deaths }) => sum + deaths, 0)).toBeLessThanOrEqual(2 * 2);
});

test('only the message that kills its processes fails in a conversation', async () => {
  const asked = [
    'Where can I park my car?',
    'Do you take cash?',
    'May I bring my dog?',
    'Do you have a lift?',
  ];
  await keepAgentAfterFailure(stage.db);
  for (const text of asked) await stage.receive('killed.cash@s.whatsapp.net', text);
  keepAlive({ NODE_OPTIONS: `--import ${preload}` });
  await poll(async () => (await stage.rows()).closed === 7, {
    timeoutMs: 90_000,
    what: 'all but one to be done',
  });
  await poll(async () => (await stage.rows()).dead === 1, {
    timeoutMs: 30_000,
    what: 'the poison to be out',
  });
  const sent = { status: 'sent', error: null };
  const poison = { status: 'failed', error: expect.stringMatching(/^POISON: /) };
  expect(
    await stage.db.query(
      'select o.status, o.error from messages i join messages o on o.in_reply_to = i.id order by i.seq',
    ),
  ).toEqual([sent, poison, sent, sent]);
  expect(stage.baileys.sent.map(({ text }) => text.match(/park|dogs|lift/)?.[0])).toEqual([
    'park',
    'dogs',
    'lift',
  ]);
  expect(await stage.totals()).toMatchObject({ completed: 7, failed: 1 });
});

/** The score by which the Linux OOM killer chooses a process. */
async function readOomScore(pid: number | string): Promise<number> {
  return Number(await readFile(`/proc/${pid}/oom_score_adj`, 'utf8'));
}

test('a job is done although its workers and its child process were killed from outside', async () => {
  stage.baileys.delayMs = 60_000;
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  const atRequest = (count: number): Promise<unknown> =>
    poll(() => stage.baileys.requests >= count, { timeoutMs: 60_000, what: `send ${count} to be under way` });
  for (let kill = 1; kill <= 2; kill++) {
    const worker = stage.fork();
    await atRequest(kill);
    worker.kill('SIGKILL');
    await once(worker, 'exit');
  }
  const child = jobProcessOf(stage.fork({ LOG_LEVEL: 'INFO' }));
  await atRequest(3);
  stage.baileys.delayMs = 0;
  const pid = await child;
  const oomScores = await Promise.all([pid, 'self'].map(readOomScore));
  process.kill(pid, 'SIGKILL');
  await poll(async () => (await stage.totals()).completed === 2, {
    timeoutMs: 60_000,
    what: 'the job to be done',
  });
  expect(await stage.totals()).toMatchObject({ failed: 0 });
  expect(stage.baileys.sent).toHaveLength(1);
  expect(oomScores).toEqual([Math.min(oomScores[1]! + 200, 1000), oomScores[1]]);
});

test('a job is done although five workers were killed from outside while running it', async () => {
  stage.baileys.delayMs = 60_000;
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  let worker: ChildProcess = stage.fork();
  for (let kill = 1; kill <= 5; kill++) {
    await poll(() => stage.baileys.requests >= kill, {
      timeoutMs: 60_000,
      what: `send ${kill} to be under way`,
    });
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    worker = stage.fork();
  }
  stage.baileys.delayMs = 0;
  await poll(async () => (await stage.totals()).completed === 2, {
    timeoutMs: 60_000,
    what: 'the job to be done',
  });
  expect(await stage.totals()).toMatchObject({ failed: 0 });
  expect(stage.baileys.sent).toHaveLength(1);
});
