import { existsSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poll } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { expect, test } from 'vitest';
import { LineFull } from '../keyed-mutex.ts';
import { Stopping } from '../verdict.ts';
import { Poison } from './judged.ts';
import type { SandboxedJob } from './protocol.ts';
import { Sandbox } from './sandbox.ts';
import { setApart } from './set-apart.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const script = new URL('../../test/fake-sandbox.ts', import.meta.url);
const never = new AbortController().signal;

function job(payload: object): SandboxedJob {
  return { id: 'j', queue: 'outbound-messages', payload, trace: '', lastAttempt: true, dueAt: 0 };
}

test('what a process died over is known, even when it said so right before', async () => {
  await using sandbox = new Sandbox({ script, log });
  const poison = { code: 'POISON', messageId: 'another' };
  for (let turn = 0; turn < 5; turn++)
    await expect(sandbox.run(job({}), never)).rejects.toMatchObject(poison);
});

test('a job that the sandbox never began is not its cause: it goes back to its queue', async () => {
  await using sandbox = new Sandbox({ script, log });
  const handBack = { verdict: { kind: 'hand-back' } };
  await expect(sandbox.run(job({ way: 'broken' }), never)).rejects.toMatchObject(handBack);
  await expect(sandbox.run(job({}), never)).rejects.toMatchObject({ code: 'POISON' });
});

test('what a job that failed left behind ends no other job', async () => {
  await using sandbox = new Sandbox({ script, log });
  await expect(sandbox.run(job({ way: 'fails' }), never)).rejects.toMatchObject({
    verdict: { kind: 'retry' },
  });
  await sandbox.run(job({ way: 'works' }), never);
});

test('a process that cannot be started is not the job’s doing either', async () => {
  // The kernel refuses arguments of more than 128 KiB.
  await using sandbox = new Sandbox({ script: new URL(`${'x'.repeat(200_000)}.ts`, script), log });
  await expect(sandbox.run(job({}), never)).rejects.toMatchObject({ verdict: { kind: 'hand-back' } });
});

test('a job that finds the sandbox taken goes back to its queue instead of holding a slot', async () => {
  await using sandbox = new Sandbox({ script, log });
  const first = sandbox.run(job({}), never);
  await expect(sandbox.run(job({}), never)).rejects.toBeInstanceOf(LineFull);
  await expect(first).rejects.toMatchObject({ code: 'POISON' });
});

test('a worker that stops ends its sandbox and condemns nothing in it', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'sandbox-'));
  const mark = join(folder.path, 'at-work');
  const sandbox = new Sandbox({ script, log });
  const stop = new AbortController();
  const failed: string[] = [];
  const fail = async (messageId: string): Promise<void> => void failed.push(messageId);
  const outcome = setApart(job({ mark }), stop.signal, { sandbox, fail });
  await poll(() => existsSync(mark), { timeoutMs: 20_000, what: 'the sandbox to be at work' });
  stop.abort(new Stopping('the worker stops'));
  await Promise.all([sandbox[Symbol.asyncDispose](), expect(outcome).rejects.toBeInstanceOf(Stopping)]);
  expect(failed).toEqual([]);
});

test.each([
  ['its own', 'mine', [], { code: 'POISON' }],
  ['one that nobody knows', undefined, [], { code: 'POISON' }],
  ["another job's", 'another', ['another: POISON: x'], { verdict: { kind: 'hand-back', afterMs: 0 } }],
])('when the process died over %s, the right one is given up', async (_whose, messageId, given, ending) => {
  const failed: string[] = [];
  const fail = async (id: string, reason: string): Promise<void> => void failed.push(`${id}: ${reason}`);
  const sandbox = { run: () => Promise.reject(new Poison('x', messageId)) };
  const outcome = setApart(job({ messageId: 'mine' }), never, { sandbox, fail });
  await expect(outcome).rejects.toMatchObject(ending);
  expect(failed).toEqual(given);
});
