import { existsSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poll } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { LineFull } from '../keyed-mutex.ts';
import { Stopping, TimeIsUp } from '../verdict.ts';
import type { SandboxedJob } from './protocol.ts';
import { Sandbox } from './sandbox.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const script = new URL('../../test/fake-sandbox.ts', import.meta.url);
const never = new AbortController().signal;

function job(payload: object): SandboxedJob {
  return {
    id: 'j',
    queue: 'outbound-messages',
    payload,
    token: 'w:1',
    trace: '',
    lastAttempt: true,
    dueAt: 0,
  };
}

const handBack = { verdict: { kind: 'hand-back' } };

test.each(['dies', 'broken'])('a job whose process %s goes back to its queue', async (way) => {
  await using sandbox = new Sandbox({ script, log });
  await expect(sandbox.run(job({ way }), never)).rejects.toMatchObject(handBack);
  await sandbox.run(job({ way: 'works' }), never);
});

test('so does one whose process cannot be started', async () => {
  // The kernel refuses arguments of more than 128 KiB.
  await using sandbox = new Sandbox({ script: new URL(`${'x'.repeat(200_000)}.ts`, script), log });
  await expect(sandbox.run(job({}), never)).rejects.toMatchObject(handBack);
});

test('what the process judged is what the worker goes by', async () => {
  await using sandbox = new Sandbox({ script, log });
  await expect(sandbox.run(job({ way: 'fails' }), never)).rejects.toMatchObject({
    message: expect.stringContaining('failed in'),
    verdict: { kind: 'retry' },
  });
});

test('one in which a job failed does no other, unless it owes Redis a word', async () => {
  await using sandbox = new Sandbox({ script, log });
  const whoFails = (way: string): Promise<unknown> =>
    sandbox.run(job({ way }), never).catch((error: Error) => error.message);
  const [first, owing, after] = [await whoFails('fails'), await whoFails('owes'), await whoFails('fails')];
  expect(owing).not.toBe(first);
  expect(after).toBe(owing);
  expect(await whoFails('fails')).not.toBe(owing);
});

test('a job whose time was up before it reached the sandbox is told so', async () => {
  await using sandbox = new Sandbox({ script, log });
  const run = sandbox.run(job({ way: 'heeds' }), AbortSignal.abort(new TimeIsUp()));
  await expect(run).rejects.toMatchObject({ message: 'time', ...handBack });
});

test('a few wait for the sandbox in their order, and the rest goes back instead of holding slots', async () => {
  await using sandbox = new Sandbox({ script, log });
  const ended: number[] = [];
  const runs = Array.from({ length: 8 }, (_, turn) =>
    sandbox.run(job({ way: 'works' }), never).then(() => void ended.push(turn)),
  );
  const outcomes = await Promise.allSettled(runs);
  expect(ended).toEqual([0, 1, 2, 3, 4]);
  for (const outcome of outcomes.slice(5)) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(LineFull) });
  }
});

test('a worker that stops ends its sandbox, and its jobs go back', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'sandbox-'));
  const mark = join(folder.path, 'at-work');
  const sandbox = new Sandbox({ script, log });
  const stop = new AbortController();
  const outcome = sandbox.run(job({ mark }), stop.signal);
  const waiting = sandbox.run(job({}), never);
  await poll(() => existsSync(mark), { timeoutMs: 20_000, what: 'the sandbox to be at work' });
  stop.abort(new Stopping('the worker stops'));
  await Promise.all([
    sandbox[Symbol.asyncDispose](),
    expect(outcome).rejects.toBeInstanceOf(Stopping),
    expect(waiting).rejects.toBeInstanceOf(Stopping),
  ]);
});
