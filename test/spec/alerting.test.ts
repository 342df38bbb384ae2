import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Database, addJob, createDatabase, recordInbound } from '@prosaas/database';
import { type Stack, poll } from '@prosaas/devstack';
import { inboundJob, outboundJob } from '@prosaas/queues';
import { createLogger } from '@prosaas/runtime';
import { startTelephonyProvider } from '@prosaas/simulators';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Answer, ask, bearer, partOf } from './support/ask.ts';
import { repository } from './support/npm-start.ts';
import { type Ended, runSource } from './support/process.ts';
import { hasPromtool } from './support/promtool.ts';
import { redisOf } from './support/redis.ts';
import { isStatus, startQuickStack, until } from './support/stack.ts';
import { codeOf, readTable } from './support/tables.ts';

const run = promisify(execFile);
const authToken = 'an-auth-token';
const page = readFileSync(join(repository, 'docs/alerting.md'), 'utf8');
let stack: Stack;
let db: Database;
let folder: string;
let env: Record<string, string>;
let token: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prosaas-alerting-'));
  stack = await startQuickStack({
    env: {
      // Generated, as at a first start.
      METRICS_TOKEN: '',
      TWILIO_AUTH_TOKEN: authToken,
      MAX_CONCURRENT_CALLS: '1',
      WORKER_HEARTBEAT_SECONDS: '1',
    },
  });
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  db = createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'test', log });
  await db.query(`insert into whatsapp_sessions (id, business_id) values ('gone', 'default')`);
  env = {
    API_PORT: String(stack.ports.api),
    DATABASE_URL: stack.databaseUrl,
    // A developer's own settings and stack are not looked at, nor earlier readings.
    METRICS_TOKEN: '',
    PROSAAS_DATA_DIR: folder,
    TMPDIR: folder,
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
  };
});
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('the commands of docs/alerting.md', () => {
  const [monitor = [], prometheus = [], check = []] = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(
    ([, block = '']) => block.trim().split('\n'),
  );
  const crontab = /^```crontab\n(.*?)^```/ms.exec(page)?.[1]?.trim().split('\n') ?? [];

  /** In one shell, on this stack and in this clone. */
  async function sh(...lines: string[]): Promise<string> {
    const script = lines
      .join('\n')
      .replaceAll('localhost:5000', `localhost:${stack.ports.api}`)
      .replaceAll('/etc/prometheus/prosaas', `${folder}/prometheus`)
      .replaceAll('/opt/prosaas', repository);
    const { PATH, HOME } = process.env;
    const { stdout } = await run('sh', ['-ec', script], { cwd: repository, env: { PATH, HOME, ...env } });
    return stdout;
  }

  test('an uptime monitor', async () => {
    expect(monitor).toHaveLength(3);
    expect(await sh(...monitor)).toBe('{"status":"healthy"}ok[+]workers ok\n');
  });

  test('Prometheus', async () => {
    expect(prometheus.map((line) => line.split(' ', 1)[0])).toEqual(['cp', 'npm', 'promtool']);
    await sh(...(hasPromtool ? prometheus : prometheus.slice(0, -1)));
    token = (await readFile(join(folder, 'prometheus/metrics-token'), 'utf8')).trim();
    expect((await ask(`${stack.url.api}/metrics`, bearer(token))).status).toBe(200);
  });

  test('cron', async () => {
    // The other line is run in test/compose.
    const [inClone = '', inContainers] = check;
    expect([check.length, inContainers]).toEqual([2, 'docker compose exec -T api prosaas-check']);
    expect(await sh(inClone)).toMatch(/^PROSAAS OK: healthy, last heartbeat \d+ s ago, rises .* \| \S+=/);
    const [mailTo = '', job = ''] = crontab;
    expect([crontab.length, mailTo.startsWith('MAILTO=')]).toEqual([2, true]);
    expect(await sh(job.split(' ').slice(5).join(' '))).toBe('');
    await expect(
      sh(job.split(' ').slice(5).join(' ').replace('--quiet', '--heartbeat 0,0')),
    ).rejects.toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/^PROSAAS CRITICAL: heartbeat \| .*\nCRITICAL: heartbeat: /),
    });
  });
});

/** What the table of the page would have an uptime monitor ask. */
const watched = readTable('alerting.md', 'An uptime monitor').map((row) => codeOf(row['watch'] ?? ''));
const [health = '', workers = '', keyword = ''] = watched;

async function isUp(path: string): Promise<boolean> {
  const { status, text, headers } = await ask(stack.url.api + path);
  // What a proxy must not keep.
  expect(headers.get('cache-control')).toBe('no-store');
  return status === 200 && (path !== keyword || text.includes('[+]workers ok'));
}

async function untilUp(path: string, isWanted: boolean): Promise<void> {
  await poll(async () => (await isUp(path)) === isWanted, { everyMs: 100, what: `${path} ${isWanted}` });
}

/** The check as a process, with readings of its own under a name. */
function check(readings: string, ...args: string[]): Promise<Ended> {
  const state = join(folder, `${readings}.json`);
  const options = { env: { ...env, METRICS_TOKEN: token }, args: ['--state', state, ...args] };
  return runSource('apps/api/src/check.ts', options);
}

/** As if so many seconds had passed since the last run. */
async function pass(readings: string, seconds: number): Promise<void> {
  const file = join(folder, `${readings}.json`);
  const state = JSON.parse(await readFile(file, 'utf8')) as { readings: { at: number }[] };
  for (const reading of state.readings) reading.at -= seconds;
  await writeFile(file, JSON.stringify(state));
}

const well: unknown = { code: 0, stdout: expect.stringMatching(/^PROSAAS OK: [^\n]*\n$/), stderr: '' };

/** `lines` are those below the first. */
function alarm(code: number, ...lines: RegExp[]): unknown {
  const state = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'][code];
  const faults = lines.map(({ source }) => `${source}\\n`).join('');
  return {
    code,
    stdout: expect.stringMatching(new RegExp(`^PROSAAS ${state}: [^\\n]*\\n${faults}$`)),
    stderr: '',
  };
}

async function counter(name: string): Promise<number> {
  const answer = await ask(`${stack.url.api}/metrics.json`, bearer(token));
  return Number(partOf(answer, 'counters', name));
}

const untilCounted = (name: string, value: number): Promise<unknown> =>
  poll(async () => (await counter(name)) === value, { everyMs: 100, what: `${name} to be ${value}` });

/** A message that nobody can send, for its session is gone. */
async function writeUnsendable(): Promise<void> {
  const contact = `${randomUUID()}@s.whatsapp.net`;
  await db.transaction(async (tx) => {
    const message = { id: randomUUID(), conversation_id: randomUUID(), business_id: 'default' };
    await tx.query(
      `insert into conversations (id, business_id, session_id, contact) values ($1, 'default', 'gone', $2)`,
      [message.conversation_id, contact],
    );
    await tx.query(
      `insert into messages (id, business_id, conversation_id, session_id, direction, status, text)
       values ($1, 'default', $2, 'nowhere', 'outbound', 'queued', 'hello')`,
      [message.id, message.conversation_id],
    );
    // Due in a moment, so that a worker releases it.
    await addJob(tx, { ...outboundJob(message), runAt: new Date(Date.now() + 200) });
  });
}

test('the dead letter grows: a warning for as long as the window, many are critical', async () => {
  expect(await check('dead')).toEqual(well);
  await writeUnsendable();
  await untilCounted('queue_jobs_dead_letter', 1);
  const grown = /(WARNING|CRITICAL): dead letter: jobs that came in in the last \d+ (s|min): 1; [^\n]*/;
  expect(await check('dead')).toEqual(alarm(1, grown));
  await pass('dead', 300);
  expect(await check('dead', '--dead-letter', '0,0')).toEqual(alarm(2, grown));
  expect(await check('dead', '--dead-letter', '1,1')).toEqual(well);
  await pass('dead', 600);
  expect(await check('dead')).toEqual(well);
});
