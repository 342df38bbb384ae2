import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { poll, startRedis } from '@prosaas/devstack';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const here = fileURLToPath(new URL('..', import.meta.url));
const repository = join(here, '..', '..');

let project: string;
let installed: string;

/** As `npm install` leaves it in an empty project; it asks no registry, since there is nothing else to install. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'observability-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: here });
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string }];
  await writeFile(join(project, 'package.json'), '{"type":"module"}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${filename}`], { cwd: project });
  installed = join(project, 'node_modules', '@prosaas', 'observability');
}, 120_000);
afterAll(() => rm(project, { recursive: true, force: true }));

async function readJson(file: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
}

test('the package brings what it needs and nothing else', async () => {
  const found = await readdir(installed, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map(({ name }) => name);
  expect(files).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'index.js', 'index.d.ts', 'publish.lua', 'beat.lua']),
  );
  expect(files.filter((name) => /\.test\.|\.map$|tsbuildinfo|(?<!\.d)\.ts$/.test(name))).toEqual([]);
  expect(await readdir(join(project, 'node_modules'))).not.toContain('fastify');
  const { license, dependencies, ...manifest } = await readJson(join(installed, 'package.json'));
  expect({ license, dependencies, private: manifest['private'] }).toEqual({ license: 'MIT' });
});

test('it runs with nothing beside it: counting and health need neither Fastify nor Redis', async () => {
  const program = `
    import { HealthRegistry, MetricsRegistry, defineCatalogue } from '@prosaas/observability';
    const registry = new MetricsRegistry(defineCatalogue({ orders: { type: 'counter', help: 'Orders.' } }));
    registry.counter('orders').add();
    const health = new HealthRegistry();
    health.register({ name: 'disk', componentType: 'system', run: () => undefined });
    health.onResult(({ status }) => console.log(status));
    health.start();
    await new Promise(setImmediate);
    await health[Symbol.asyncDispose]();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: project });
  expect(stdout.trim()).toBe('pass');
});

test(
  'with its peers, the example of its README passes the compiler and runs',
  { timeout: 120_000 },
  async () => {
    await using cleanup = new AsyncDisposableStack();
    const readme = await readFile(join(installed, 'README.md'), 'utf8');
    await writeFile(join(project, 'example.ts'), /```ts\n([^]*?)```/.exec(readme)![1]!);
    for (const name of ['fastify', 'ioredis', 'bullmq', '@types/node']) {
      const link = join(project, 'node_modules', name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(repository, 'node_modules', name), link);
    }
    const compiler = join(repository, 'node_modules', '.bin', 'tsc');
    const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext'];
    const lib = [
      '--target',
      'es2024',
      '--lib',
      'es2024,esnext.disposable',
      '--types',
      'node',
      '--skipLibCheck',
    ];
    await run(compiler, [...options, ...lib, 'example.ts'], { cwd: project });

    const redis = cleanup.use(await startRedis());
    const env = { ...process.env, REDIS_URL: redis.url, PORT: '0', NODE_OPTIONS: '' };
    const child = spawn(process.execPath, ['example.ts'], {
      cwd: project,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    cleanup.defer(() => void child.kill('SIGKILL'));
    let origin: string | undefined;
    createInterface({ input: child.stdout }).once('line', (line) => (origin = line));
    const url = await poll(() => origin);
    expect(await (await fetch(`${url}/livez`)).text()).toBe('ok');
    expect(await poll(async () => (await fetch(`${url}/readyz`)).ok)).toBe(true);
    expect(await poll(async () => (await fetch(`${url}/metrics.json`)).ok)).toBe(true);
    const client = new Redis(redis.url);
    cleanup.defer(() => client.disconnect());
    expect(await poll(() => client.get('worker:heartbeat'))).toMatch(/^\d+$/);
  },
);
