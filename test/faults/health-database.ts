import { execFile } from 'node:child_process';
import { mkdtemp, open, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createDatabase } from '@prosaas/database';
import { type PostgresServer, type Stack, fillDiskUnder, startPostgres, startStack } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import type { Fault } from './fault.ts';

const run = promisify(execFile);

/** How long the database cannot write. */
const BROKEN_MS = 36_000;
/** Within this time, health must show the fault and its end. */
const LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 250;
/** The size of the disk that is filled. A new cluster takes 40 MB, its write-ahead log up to 32 MB. */
const DISK_SIZE = '200m';

export const readOnlyDatabase: Fault = {
  name: 'read-only-database',
  run: (say) =>
    play(say, 'read_only', {}, async ({ url }) => {
      await setReadOnly(url, 'set default_transaction_read_only = on');
      return { [Symbol.asyncDispose]: () => setReadOnly(url, 'reset default_transaction_read_only') };
    }),
};

export const fullDisk: Fault = {
  name: 'full-disk',
  async run(say) {
    if (process.getuid?.() !== 0) {
      say(
        '  only root can mount a small disk: the file of the table that the check writes to is a link to /dev/full instead',
      );
      return play(say, 'disk_full', {}, (server) => fillDiskUnder(server, 'write_probe'));
    }
    await using disk = await mountSmallDisk();
    return await play(say, 'disk_full', { dir: join(disk.path, 'postgres') }, () => disk.fill());
  },
};

/** Breaks and repairs the database of a whole stack. Returns the broken promises. */
async function play(
  say: (line: string) => void,
  reason: string,
  options: { dir?: string },
  breakIt: (server: PostgresServer) => Promise<AsyncDisposable>,
): Promise<string[]> {
  await using server = await startPostgres(options);
  await using stack = await startStack({ databaseUrl: server.url, env: { DRAIN_SECONDS: '0' } });
  const broken: string[] = [];
  const before = await look(stack, reason);
  if (before.some(({ shows }) => shows !== 'well')) broken.push(`before: ${describe(before)}`);

  const breakage = await breakIt(server);
  const shown = await firstTimes(stack, reason, 'trouble', BROKEN_MS, broken);
  say(`  shown after ${describeTimes(shown)}`);
  await breakage[Symbol.asyncDispose]();
  const over = await firstTimes(stack, reason, 'well', 2 * LIMIT_MS, broken);
  say(`  well again after ${describeTimes(over)}`);
  return broken;
}

type Shows = 'well' | 'trouble' | 'something else';

interface Seen {
  place: string;
  shows: Shows;
}

/** Watches for `ms`: each place must show `wanted` within the limit and nothing else afterwards. Returns how long each place took. */
async function firstTimes(
  stack: Stack,
  reason: string,
  wanted: Shows,
  ms: number,
  broken: string[],
): Promise<Map<string, number>> {
  const first = new Map<string, number>();
  const unstable = new Set<string>();
  const beganAt = performance.now();
  while (performance.now() - beganAt < ms) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const seen = await look(stack, reason);
    const afterMs = performance.now() - beganAt;
    for (const { place, shows } of seen) {
      if (shows === wanted) first.set(place, first.get(place) ?? afterMs);
      else if (first.has(place)) unstable.add(place);
    }
    // oxlint-disable-next-line no-await-in-loop
    await sleep(LOOK_EVERY_MS);
  }
  for (const place of Object.keys(places(stack))) {
    const afterMs = first.get(place);
    if (afterMs === undefined) broken.push(`${place} never showed ${wanted}`);
    else if (afterMs > LIMIT_MS) broken.push(`${place} showed ${wanted} after ${afterMs.toFixed(0)} ms`);
    if (unstable.has(place)) broken.push(`${place} did not go on showing ${wanted}`);
  }
  return first;
}

/** A service that does not require the database shows the fault only in its details. */
function places({ url }: Stack): Record<string, { url: string; troubleStatus: number }> {
  return {
    '/api/health': { url: `${url.api}/api/health?verbose`, troubleStatus: 503 },
    '/readyz': { url: `${url.api}/readyz?verbose`, troubleStatus: 503 },
    'calls /health': { url: `${url.calls}/health?verbose`, troubleStatus: 200 },
    'baileys /health': { url: `${url.baileys}/health?verbose`, troubleStatus: 200 },
  };
}

async function look(stack: Stack, reason: string): Promise<Seen[]> {
  // The api writes each use of the admin key to the audit log.
  await fetch(`${stack.url.api}/api/conversations`, { headers: { 'x-api-key': stack.keys.adminKey } });
  return Promise.all(
    Object.entries(places(stack)).map(async ([place, { url, troubleStatus }]) => {
      const response = await fetch(url);
      const text = await response.text();
      const isTrouble = response.status === troubleStatus && text.includes(`[-]database failed: ${reason}`);
      const isWell = response.status === 200 && text.includes('[+]database ok\n');
      return { place, shows: isTrouble ? 'trouble' : isWell ? 'well' : 'something else' };
    }),
  );
}

const describe = (seen: Seen[]): string => seen.map(({ place, shows }) => `${place} ${shows}`).join(', ');

const describeTimes = (times: Map<string, number>): string =>
  [...times].map(([place, ms]) => `${(ms / 1000).toFixed(1)} s (${place})`).join(', ');

async function setReadOnly(url: string, change: string): Promise<void> {
  const log = createLogger({ service: 'proof', instance: 'proof', level: 'silent' });
  await using db = createDatabase({ url, size: 1, applicationName: 'proof', log });
  await db.query(`alter system ${change}`);
  await db.query('select pg_reload_conf()');
}

interface SmallDisk extends AsyncDisposable {
  path: string;
  /** Fills the disk until the result is disposed of. */
  fill(): Promise<AsyncDisposable>;
}

async function mountSmallDisk(): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'prosaas-small-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_SIZE}`, 'prosaas', path]);
  return {
    path,
    async fill() {
      const ballast = join(path, 'ballast');
      const file = await open(ballast, 'w');
      try {
        // Large pieces first, then small ones, until no page is left.
        for (const bytes of [1 << 20, 1 << 12]) await writeUntilFull(file, Buffer.alloc(bytes));
      } finally {
        await file.close();
      }
      return { [Symbol.asyncDispose]: () => rm(ballast) };
    },
    async [Symbol.asyncDispose]() {
      await run('umount', [path]);
      await rmdir(path);
    },
  };
}

async function writeUntilFull(file: Awaited<ReturnType<typeof open>>, piece: Buffer): Promise<void> {
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop
      await file.write(piece);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
      throw error;
    }
  }
}
