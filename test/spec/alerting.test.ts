import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Database, addJob, createDatabase, readGeneratedKeys, recordInbound } from '@prosaas/database';
import { type Stack, freePort, poll } from '@prosaas/devstack';
import { inboundJob, queueNames } from '@prosaas/queues';
import { createLogger } from '@prosaas/runtime';
import { startTelephonyProvider } from '@prosaas/simulators';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { usage } from '../../apps/api/src/alert-check/options.ts';
import { AlertCheck, alarm, well } from './support/alert-check.ts';
import { type Answer, ask, bearer, partOf } from './support/ask.ts';
import { repository } from './support/npm-start.ts';
import { redisOf } from './support/redis.ts';
import { startQuickStack, until } from './support/stack.ts';
import { codeOf, readTable } from './support/tables.ts';

const run = promisify(execFile);
const authToken = 'an-auth-token';
const page = readFileSync(join(repository, 'docs/alerting.md'), 'utf8');
let stack: Stack;
let db: Database;
let folder: string;
let env: Record<string, string>;
let token: string;
let check: AlertCheck;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prosaas-alerting-'));
  stack = await startQuickStack({
    env: {
      // Empty, so that it is generated as at a first start.
      METRICS_TOKEN: '',
      TWILIO_AUTH_TOKEN: authToken,
      MAX_CONCURRENT_CALLS: '1',
      WORKER_HEARTBEAT_SECONDS: '1',
    },
  });
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  db = createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'test', log });
  await db.query(`insert into whatsapp_sessions (id, business_id) values ('front', 'default')`);
  env = {
    API_PORT: String(stack.ports.api),
    DATABASE_URL: stack.databaseUrl,
    // The check must not use a developer's own settings, stack and earlier readings.
    METRICS_TOKEN: '',
    PROSAAS_DATA_DIR: folder,
    TMPDIR: folder,
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
  };
  token = (await readGeneratedKeys(db)).get('METRICS_TOKEN') ?? '';
  check = new AlertCheck(folder, { ...env, METRICS_TOKEN: token });
  // Wait for the worker's heartbeat, which the api checks every 2 s.
  await until(`${stack.url.api}/api/health/workers`, ({ status }) => status === 200);
});
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test('the crontab of docs/alerting.md prints nothing while all is well, and otherwise the fault', async () => {
  const [mailTo = '', job = ''] = /^```crontab\n(.*?)^```/ms.exec(page)?.[1]?.trim().split('\n') ?? [];
  expect(mailTo).toMatch(/^MAILTO=/);
  const command = job.split(' ').slice(5).join(' ').replace('/opt/prosaas/', repository);
  const { PATH, HOME } = process.env;
  const sh = (script: string): Promise<{ stdout: string }> =>
    run('sh', ['-ec', script], { cwd: repository, env: { PATH, HOME, ...env } });
  expect((await sh(command)).stdout).toBe('');
  await expect(sh(command.replace('--quiet', '--heartbeat 0,0'))).rejects.toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/^PROSAAS CRITICAL: heartbeat \| .*\nCRITICAL: heartbeat: /),
  });
});

/** The URLs that the page recommends for an uptime monitor. */
const watched = readTable('alerting.md', 'An uptime monitor').map((row) => codeOf(row['watch'] ?? ''));
const [health = '', workers = '', keyword = ''] = watched;

async function isUp(path: string): Promise<boolean> {
  const { status, text, headers } = await ask(stack.url.api + path);
  // A proxy must not cache the answer.
  expect(headers.get('cache-control')).toBe('no-store');
  return status === 200 && (path !== keyword || text.includes('[+]workers ok'));
}

async function untilUp(path: string, isWanted: boolean): Promise<void> {
  await poll(async () => (await isUp(path)) === isWanted, { everyMs: 100, what: `${path} ${isWanted}` });
}

async function counter(name: string): Promise<number> {
  const answer = await ask(`${stack.url.api}/metrics.json`, bearer(token));
  return Number(partOf(answer, 'counters', name));
}

const untilCounted = (name: string, value: number): Promise<unknown> =>
  poll(async () => (await counter(name)) === value, { everyMs: 100, what: `${name} to be ${value}` });

/** Creates a conversation that a person has taken over: the job of its message completes without an answer. */
async function openConversation(): Promise<string> {
  const contact = `${randomUUID()}@s.whatsapp.net`;
  const input = { sessionId: 'front', businessId: 'default', contact, text: 'Hello' };
  return db.transaction(async (tx) => {
    const { message } = await recordInbound(tx, { ...input, externalId: randomUUID(), sentAt: new Date() });
    await tx.query(
      `update conversations set state = 'person', person_until = now() + interval '1 hour' where id = $1`,
      [message.conversation_id],
    );
    // Due in 200 ms, so that a worker releases it.
    await addJob(tx, { ...inboundJob(message), runAt: new Date(Date.now() + 200) });
    return message.conversation_id;
  });
}

/** Writes a message over REST that cannot be sent, because its session does not exist. */
async function writeUnsendable(conversation: string): Promise<void> {
  const { status } = await ask(`${stack.url.api}/api/messages`, {
    method: 'POST',
    headers: { 'x-api-key': stack.keys.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ conversation_id: conversation, text: 'Hello' }),
  });
  expect(status).toBe(202);
  await db.query(`update messages set session_id = 'gone' where direction = 'outbound'`);
}

test('warns of new dead jobs until the window has passed, and many are critical', async () => {
  expect(await check.run('dead')).toEqual(well);
  const conversation = await openConversation();
  await untilCounted('queue_jobs_completed', 1);
  // The worker must not take the job before the session is changed.
  stack.services.worker.kill('SIGSTOP');
  await writeUnsendable(conversation);
  stack.services.worker.kill('SIGCONT');
  await untilCounted('queue_jobs_dead_letter', 1);
  const grown = /(WARNING|CRITICAL): dead letter: jobs added in the last \d+ (s|min): 1; [^\n]*/;
  expect(await check.run('dead')).toEqual(alarm(1, grown));
  await check.pass('dead', 300);
  expect(await check.run('dead', '--dead-letter', '0,0')).toEqual(alarm(2, grown));
  expect(await check.run('dead', '--dead-letter', '1,1')).toEqual(well);
  await check.pass('dead', 600);
  expect(await check.run('dead')).toEqual(well);
});

test('warns of rejected calls until the window has passed', async () => {
  await using provider = startTelephonyProvider({
    authToken,
    webhookUrl: stack.url.calls,
    publicUrl: 'http://localhost:5050',
  });
  const ring = (sid: string): Promise<unknown> =>
    provider.post('/webhook/incoming_call', {
      CallSid: sid,
      From: '+15550111222',
      To: '+15550199000',
      CallStatus: 'ringing',
    });
  expect(await check.run('calls')).toEqual(well);
  await ring('CA1');
  await ring('CA2');
  await untilCounted('calls_rejected_max_concurrent', 1);
  const rejected = /WARNING: calls: rejected at MAX_CONCURRENT_CALLS in the last \d+ s: 1/;
  expect(await check.run('calls')).toEqual(alarm(1, rejected));
  await check.pass('calls', 600);
  expect(await check.run('calls')).toEqual(well);
});

test('reports a missing worker and jobs without progress until a worker starts', async () => {
  expect(await check.run('worker')).toEqual(well);
  for (const path of watched.slice(0, 3)) await untilUp(path, true);
  await stack.services.worker.stop();
  await untilUp(workers, false);
  await untilUp(keyword, false);
  expect(await isUp(health)).toBe(true);
  const away =
    /CRITICAL: workers: failed: not_ready \(live 0, lost 0, expected 1, [^\n]*\); what to do: docs\/runbook\.md/;
  const unserved = new RegExp(`WARNING: queues: unserved \\(${queueNames.join(' ')}\\); [^\\n]*`);
  expect(await check.run('worker')).toEqual(alarm(2, away, unserved));
  const { text } = await ask(`${stack.url.api}/metrics`, bearer(token));
  expect(text.includes('prosaas_queue_slots{')).toBe(false);

  await writeUnsendable(await openConversation());
  await check.pass('worker', 60);
  await check.run('worker');
  await check.pass('worker', 120);
  const still =
    /CRITICAL: jobs: enqueued in the last \d min: 1, but none completed or failed: is a worker running, or a queue paused\? [^\n]*/;
  expect(await check.run('worker')).toEqual(alarm(2, away, still, unserved));

  await stack.services.worker.start();
  for (const path of watched.slice(0, 3)) await untilUp(path, true);
  await untilCounted('queue_jobs_completed', 2);
  await untilCounted('queue_jobs_dead_letter', 2);
  await until(`${stack.url.api}/api/health?verbose`, ({ text: lines }) => !lines.includes('warning'));
  expect(await check.run('worker', '--dead-letter', '9,9')).toEqual(well);
});

const untilComplete = (isComplete: boolean): Promise<Answer> =>
  until(
    `${stack.url.api}/metrics.json?verbose`,
    ({ body }) => (body as { complete?: boolean } | undefined)?.complete === isComplete,
    { init: bearer(token) },
  );

const untilWell = (...args: [state: string, ...flags: string[]]): Promise<void> =>
  expect.poll(() => check.run(...args), { timeout: 40_000 }).toEqual(well);

test(
  'warns of an old heartbeat, which becomes critical, until the next one',
  { timeout: 120_000 },
  async () => {
    expect(await check.run('beat')).toEqual(well);
    await using redis = await redisOf(stack);
    const facts = { headers: { accept: 'application/health+json' } };
    // The worker lives but sends no heartbeat, and the last one becomes 65 seconds older.
    stack.services.worker.kill('SIGSTOP');
    try {
      await redis.client.decrby('worker:heartbeat', 65);
      await until(stack.url.api + health, ({ text }) => /"beat_age_seconds":[67]\d/.test(text), {
        init: facts,
      });
      await untilComplete(false);
      const part = /WARNING: metrics: the totals are old or incomplete: [^\n]*/;
      const old = /(WARNING|CRITICAL): heartbeat: the last one is \d\d s old: [^\n]*/;
      // All at once, because the totals count as complete again when a process has been silent for 15 s.
      const [byDefault, strict, patient] = await Promise.all([
        check.run('beat'),
        check.run('strict', '--redis', stack.redisUrl, '--heartbeat', '30,60'),
        check.run('patient', '--redis', stack.redisUrl, '--heartbeat', '300,600'),
      ]);
      expect([byDefault, strict, patient]).toEqual([
        alarm(1, old, part),
        alarm(2, old, part),
        alarm(1, part),
      ]);
      await redis.client.del('worker:heartbeat');
      const none =
        /(?:WARNING: metrics: [^\n]*\n)?CRITICAL: heartbeat: no worker has sent a heartbeat for 90 s: is one running\?(?:\nWARNING: metrics: [^\n]*)?/;
      expect(await check.run('beat', '--redis', stack.redisUrl)).toEqual(alarm(2, none));
    } finally {
      stack.services.worker.kill('SIGCONT');
    }
    await poll(() => redis.client.exists('worker:heartbeat'), { what: 'the next beat' });
    await untilComplete(true);
    // On a busy machine a consumer fetches again some seconds after the process resumes.
    await untilWell('beat', '--redis', stack.redisUrl);
    // Wait until the api has seen the heartbeat, too.
    await until(stack.url.api + health, ({ text }) => /"beat_age_seconds":\d\b/.test(text), { init: facts });
  },
);

test('reports a database that is away until it is back', { timeout: 120_000 }, async () => {
  await untilWell('database');
  try {
    await stack.postgres?.stop();
    // Before that, a database that shuts down refuses connections with another error.
    await until(stack.url.api + keyword, ({ text }) => text.includes('ECONNREFUSED'), {
      init: bearer(token),
    });
    expect((await ask(stack.url.api + health)).status).toBe(503);
    const answer = await check.run('database');
    expect([answer.code, answer.stdout]).toEqual([
      2,
      expect.stringMatching(/\nCRITICAL: database: failed: refused: .*; what to do: docs\/runbook\.md\n/),
    ]);
  } finally {
    await stack.postgres?.start();
  }
  await untilUp(health, true);
  // A scheduled run that failed meanwhile causes a warning until the next run.
  await untilWell('database');
});

describe('the check fails', () => {
  test('with a wrong token', async () => {
    const file = join(folder, 'wrong-token');
    await writeFile(file, 'wrong\n');
    const refused =
      /UNKNOWN: metrics: \S+\/metrics\.json refuses the token: pass that of [^\n]* with --token-file/;
    expect(await check.run('none', '--token-file', file)).toEqual(alarm(3, refused));
    const missing =
      /UNKNOWN: metrics: no metrics token \(ENOENT[^\n]*\): set METRICS_TOKEN or pass --token-file; [^\n]*/;
    expect(await check.run('none', '--token-file', `${file}-2`)).toEqual(alarm(3, missing));
  });

  test('with a state file of another program, which it does not change', async () => {
    await writeFile(join(folder, 'other.json'), '{"mine":true}');
    const kept =
      /UNKNOWN: state: [^\n]* \(it does not hold readings [^\n]*\): name another file with --state/;
    expect(await check.run('other')).toEqual(alarm(3, kept));
    expect(await readFile(join(folder, 'other.json'), 'utf8')).toBe('{"mine":true}');
  });

  test('with an invalid argument', async () => {
    const message = /UNKNOWN: prosaas-check: --heartbeat must be two whole numbers[^\n]*; see --help/;
    expect(await check.run('none', '--heartbeat', '5')).toEqual(alarm(3, message));
  });

  test('without an api, and with the URL of another service', async () => {
    const away =
      /CRITICAL: api: \S+\/api\/health does not answer \(connect ECONNREFUSED[^\n]*\): is the api running, [^\n]*/;
    expect(await check.run('none', '--url', `http://127.0.0.1:${await freePort()}`)).toEqual(alarm(2, away));
    const other =
      /UNKNOWN: api: \S+\/api\/health answers 404 without a health body: is --url the address of the api[^\n]*/;
    expect(await check.run('none', '--url', stack.url.calls)).toEqual(alarm(3, other));
  });
});

test('docs/alerting.md and --help have the same limits', () => {
  const documented = readTable('alerting.md', 'Limits');
  expect(documented).toHaveLength(4);
  for (const row of documented) {
    const limits = `${row['warning above']},${row['critical above']}`;
    expect(usage).toMatch(new RegExp(`^  ${codeOf(row['option'] ?? '')} <w>,<c> .*\\(${limits}\\)$`, 'm'));
  }
});
