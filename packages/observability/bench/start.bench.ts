import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, poll } from '@prosaas/devstack';
import { cpuOf, median, ratioOf, report, short } from '@prosaas/devstack/bench';

const ROUNDS = 9;
const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** The same code as it was compiled, and as it is in the api's image. */
const image = await mkdtemp(join(tmpdir(), 'prosaas-image-'));
const cache = join(image, '.compile-cache');
const run = (script: string, args: string[], env: Record<string, string> = {}): void => {
  execFileSync(process.execPath, [join(repository, 'scripts', script), ...args], {
    cwd: repository,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
};
run('assemble-image.mjs', ['apps/api', image]);
run('fill-compile-cache.mjs', [image, 'apps/api/dist/main.js'], {
  NODE_ENV: 'production',
  NODE_COMPILE_CACHE: cache,
});
const ways: Record<string, { folder: string; env: Record<string, string> }> = {
  plain: { folder: repository, env: { NODE_ENV: 'production', NODE_DISABLE_COMPILE_CACHE: '1' } },
  shipped: { folder: image, env: { NODE_ENV: 'production', NODE_COMPILE_CACHE: cache } },
};

const spent: Record<string, number[]> = { plain: [], shipped: [] };
const waited: Record<string, number[]> = { plain: [], shipped: [] };
for (let round = -1; round < ROUNDS; round++) {
  for (const [name, way] of Object.entries(ways)) {
    const began = performance.now();
    const ms = await start(way);
    if (round < 0) continue;
    spent[name]!.push(ms);
    waited[name]!.push(performance.now() - began);
  }
}
await rm(image, { recursive: true });
report(
  'Start of the api to its first 200 of /healthz, CPU of its process',
  Object.fromEntries(
    Object.entries(spent).map(([name, ms]) => [
      name,
      `${short(median(ms))} ms, ${short(median(waited[name]!))} ms by the clock`,
    ]),
  ),
  [
    {
      what: 'as shipped, of plain files with no compile cache',
      ratio: ratioOf(spent['shipped']!, spent['plain']!),
      atMost: 0.6,
    },
  ],
);

const shares = Array.from({ length: ROUNDS }, packageShare);
const own = shares.map(({ ms }) => ms);
const megabytes = shares.map(({ bytes }) => bytes / 1e6);
report(
  "The package's own part of the api, beside its peers",
  { import: `${short(median(own))} ms`, memory: `${short(median(megabytes))} MB` },
  [
    { what: 'of the start, both as plain files', ratio: ratioOf(own, spent['plain']!), atMost: 0.05 },
    {
      what: 'MB of memory',
      ratio: ratioOf(
        megabytes,
        megabytes.map(() => 1),
      ),
      atMost: 3,
    },
  ],
);

function packageShare(): { ms: number; bytes: number } {
  const script = fileURLToPath(new URL('peers/package-share.ts', import.meta.url));
  const out = execFileSync(process.execPath, ['--expose-gc', script], {
    encoding: 'utf8',
    env: { ...process.env, ...ways['plain']!.env },
  });
  return JSON.parse(out) as { ms: number; bytes: number };
}

/** Milliseconds of CPU until the first 200, without PostgreSQL and Redis. */
async function start({ folder, env }: (typeof ways)[string]): Promise<number> {
  const port = await freePort();
  const child = spawn(process.execPath, ['apps/api/dist/main.js'], {
    cwd: folder,
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      LOG_LEVEL: 'critical',
      API_PORT: String(port),
      REDIS_URL: 'redis://127.0.0.1:1',
      DATABASE_URL: 'postgres://prosaas@127.0.0.1:1/prosaas',
      ...env,
    },
  });
  try {
    const isUp = (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    await poll(isUp, { what: 'the first 200 of /healthz', everyMs: 5, timeoutMs: 30_000 });
    return cpuOf(child.pid!) / 1e6;
  } finally {
    child.kill('SIGKILL');
  }
}
