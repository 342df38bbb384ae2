import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { poll } from '@prosaas/devstack';
import { openDeadLetters } from '@prosaas/queues';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Stage, setStage } from './stage.ts';

vi.setConfig({ testTimeout: 120_000 });

let stage: Stage;
let ending = false;
beforeEach(async () => {
  ending = false;
  stage = await setStage();
});
afterEach(async () => {
  ending = true;
  await stage[Symbol.asyncDispose]();
});

/** Workers that are started anew whenever they die, as an orchestrator does; returns how often that was. */
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

test.each(['killed', 'exits', 'blocks'])(
  'a job under which its process %s is set apart after two workers, and the others go on',
  async (way) => {
    const preload = new URL('deadly-fetch.ts', import.meta.url).href;
    const workers = keepAlive({ NODE_OPTIONS: `--import ${preload}`, WORKER_EXIT_AFTER_SECONDS: '4' });
    await stage.receive(`${way}@s.whatsapp.net`, 'Do you take cash?');
    for (let contact = 0; contact < 20; contact++) {
      await stage.receive(`${contact}@s.whatsapp.net`, 'Do you take cash?');
    }
    await poll(async () => (await stage.totals()).deadLetter === 1, {
      timeoutMs: 90_000,
      what: 'the poison to be out',
    });
    await poll(async () => (await stage.totals()).completed === 41, {
      timeoutMs: 60_000,
      what: 'the others',
    });
    await using letters = openDeadLetters({ redis: stage.redis, bullPrefix: '{prosaas}' });
    const { letters: found } = await letters.select({}, 10);
    expect(found).toMatchObject([
      { origin: { queue: 'outbound-messages' }, reason: expect.stringMatching(/^POISON: /) },
    ]);
    expect(workers.deaths).toBe(2);
    expect(stage.baileys.sent).toHaveLength(20);
  },
);

test('an innocent job that was active in five workers that were killed from outside is done', async () => {
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
  expect(await stage.totals()).toMatchObject({ failed: 0, deadLetter: 0 });
  expect(stage.baileys.sent).toHaveLength(1);
});
