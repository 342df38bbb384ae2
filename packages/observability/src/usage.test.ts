import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { poll, startRedis } from '@prosaas/devstack';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import * as everything from './index.ts';

const readReadme = (): Promise<string> => readFile(new URL('../README.md', import.meta.url), 'utf8');

test('the README has a line for everything that the package exports, and for nothing else', async () => {
  const [, api = ''] = /## API\n([^]*?)\n## /.exec(await readReadme()) ?? [];
  const cells = [...api.matchAll(/^\| (`.*?) +\|/gm)].map(([, cell]) => cell!);
  const named = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name));
  expect(new Set(named)).toEqual(new Set(Object.keys(everything)));
});

test('the example of the README runs, counts its order, and beats', async () => {
  const readme = await readReadme();
  const example = /```ts\n([^]*?)```/.exec(readme)![1]!;
  await using cleanup = new AsyncDisposableStack();
  const redis = cleanup.use(await startRedis());
  const args = ['--conditions=@prosaas/source', '--input-type=module-typescript', '-e', example];
  const env = { ...process.env, REDIS_URL: redis.url, PORT: '0' };
  const child = spawn(process.execPath, args, {
    cwd: import.meta.dirname,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanup.defer(() => void child.kill('SIGKILL'));
  let origin: string | undefined;
  createInterface({ input: child.stdout }).once('line', (line) => (origin = line));
  const url = await poll(() => origin);
  const get = async (path: string): Promise<unknown> => (await fetch(url + path)).json();
  const queue = new Queue('orders', { connection: { port: redis.port } });
  cleanup.defer(() => queue.close());
  await queue.add('order', {});
  await poll(async () => JSON.stringify(await get('/metrics.json')).includes('"orders":1'));
  expect(await get('/healthz')).toEqual({ status: 'ok' });
  expect(await poll(async () => (await fetch(`${url}/readyz`)).ok)).toBe(true);
  const client = new Redis(redis.url);
  cleanup.defer(() => client.disconnect());
  expect(await poll(() => client.get('worker:heartbeat'))).toMatch(/^\d+$/);
});
