import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { poll } from '@prosaas/devstack';
import { afterEach, describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('./service-under-test.ts', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Run {
  child: ChildProcess;
  output(): string;
  errors(): string;
  printed(text: string): Promise<unknown>;
  exit: Promise<number | null>;
}

function run(args: string[], env: Record<string, string> = {}): Run {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, ['--conditions=@prosaas/source', program, ...args], {
    env: { PATH, NODE_COMPILE_CACHE, DRAIN_SECONDS: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return {
    child,
    output: () => output,
    errors: () => errors,
    printed: (text) =>
      poll(() => (output.includes(text) ? true : undefined), {
        timeoutMs: 20_000,
        everyMs: 10,
        what: `"${text}"`,
      }),
    exit: once(child, 'close').then(([code]) => code as number | null),
  };
}

describe('a service', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('drains, closes and ends with 0 at %s', async (signal) => {
    const { child, output, printed, exit } = run(['works']);
    await printed('"Started"');
    child.kill(signal);
    expect(await exit).toBe(0);
    const order = ['ready', `"signal":"${signal}"`, 'drained', 'disposing', 'disposed', '"Stopped"'];
    const places = order.map((text) => output().indexOf(text));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  test('keeps running for DRAIN_SECONDS between drain and close', async () => {
    const { child, output, printed, exit } = run(['works'], { DRAIN_SECONDS: '15' });
    await printed('"Started"');
    child.kill('SIGTERM');
    await printed('drained');
    child.kill('SIGTERM');
    await exit;
    expect(output()).not.toContain('disposing');
  });

  test('ends with 1 at the deadline when it cannot close', async () => {
    const { child, output, printed, exit } = run(['hangs', '300']);
    await printed('"Started"');
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
    expect(output()).toContain('The deadline ended the service');
  });

  test('ends with 1 at the deadline when it never started', async () => {
    const { child, printed, exit } = run(['hangs-at-start', '300']);
    await printed('starting');
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
  });

  test('closes what it opened when its drain fails, and ends with 1', async () => {
    const { child, output, printed, exit } = run(['fails-to-drain']);
    await printed('"Started"');
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
    expect(output()).toContain('no drain');
    expect(output()).toContain('disposed');
  });

  test('ends at once at a second signal', async () => {
    const { child, printed, exit } = run(['hangs', '60000']);
    await printed('"Started"');
    child.kill('SIGTERM');
    await printed('disposing');
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
  });

  test('prints every fault of its environment and ends with 1', async () => {
    const { errors, exit } = run(['works'], {
      LOG_LEVEL: 'loud',
      TEST_PORT: 'x',
      REDIS_URL: 'http://user:hunter2@a',
    });
    expect(await exit).toBe(1);
    expect(errors()).toContain('LOG_LEVEL must be one of DEBUG, INFO, WARNING');
    expect(errors()).toContain('TEST_PORT must be');
    expect(errors()).toContain('REDIS_URL must be');
    expect(errors()).not.toContain('hunter2');
  });

  test("turns Node's warnings into log lines", async () => {
    const { child, errors, printed, exit } = run(['warns']);
    await printed('too many listeners');
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(errors()).toBe('');
  });

  test('logs why it could not start and ends with 1', async () => {
    const { output, exit } = run(['fails-to-start']);
    expect(await exit).toBe(1);
    expect(output()).toContain('no port');
  });

  test('closes in order and ends with 1 after an unhandled rejection', async () => {
    const { output, exit } = run(['rejects']);
    expect(await exit).toBe(1);
    expect(output()).toContain('nobody handles this');
    expect(output()).toContain('disposed');
  });

  test('is not kept alive by a leaked resource', async () => {
    const { child, output, printed, exit } = run(['leaks']);
    await printed('"Started"');
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(output()).toContain('Something was left open');
  });
});
