import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadProfile } from '@prosaas/agentkit';
import { poll } from '@prosaas/devstack';
import { startTelephonyProvider } from '@prosaas/simulators';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FrontDesk, type Kept, type Urls, customer } from './front-desk.ts';
import { Project, onValkey, redisCli } from './project.ts';

// The tests run in order. Each one continues with the state that the one before it left.

/** For tests that are not about Redis: they do not run again on Valkey. */
const testOnce = onValkey ? test.skip : test;

const services = ['api', 'calls', 'worker', 'baileys'] as const;
const second = 1_000_000_000;

let project: Project;
let url: Urls;
let desk: FrontDesk;
let account: string;
let kept: Kept;

beforeAll(async () => {
  project = await Project.create();
  const { API_PORT, CALLS_PORT, BAILEYS_PORT, SIMULATOR_PORT } = project.ports;
  url = {
    api: `http://127.0.0.1:${API_PORT}`,
    calls: `http://127.0.0.1:${CALLS_PORT}`,
    baileys: `http://127.0.0.1:${BAILEYS_PORT}`,
    simulator: `http://127.0.0.1:${SIMULATOR_PORT}`,
  };
  desk = new FrontDesk(url);
  await project.compose(['down', '--volumes', '--remove-orphans', '--timeout', '5']);
  await project.compose(['build']);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.log(await project.compose(['logs', '--tail', '60']));
});

afterAll(async () => {
  await project?.compose(['down', '--volumes', '--remove-orphans', '--timeout', '5']);
});

test('docker compose up --wait starts everything healthy without a .env', async () => {
  await project.compose(['up', '--wait', '--wait-timeout', '240']);
  expect(await project.health()).toEqual({
    api: 'healthy',
    calls: 'healthy',
    worker: 'healthy',
    baileys: 'healthy',
    redis: 'healthy',
    postgres: 'healthy',
    simulator: 'healthy',
  });
  const lines = (await project.compose(['logs', '--no-color', 'postgres'])).split('\n');
  expect(lines.filter((line) => /\b(?:ERROR|FATAL|PANIC):/.test(line))).toEqual([]);
});

testOnce('the engine runs the healthchecks of the specification', async () => {
  const checks: Record<string, unknown> = {};
  for (const { Service, Name } of await project.containers()) {
    checks[Service] = await project.inspect(Name, '{{json .Config.Healthcheck}}');
  }
  expect(checks).toMatchObject({
    api: {
      Test: ['CMD', 'curl', '-f', 'http://localhost:5000/api/health'],
      Interval: 30 * second,
      Timeout: 10 * second,
      Retries: 3,
      StartPeriod: 40 * second,
    },
    calls: {
      Test: ['CMD', 'curl', '-f', 'http://localhost:5050/health'],
      Interval: 30 * second,
      Timeout: 10 * second,
      Retries: 3,
    },
    worker: {
      Test: [
        'CMD-SHELL',
        `python -c "import os,redis; r=redis.from_url(os.environ.get('REDIS_URL','redis://redis:6379/0')); r.ping()"`,
      ],
      Interval: 30 * second,
    },
    baileys: {
      Test: ['CMD-SHELL', 'wget -qO- http://localhost:3300/health >/dev/null 2>&1 || exit 1'],
      Interval: 15 * second,
    },
  });
});

testOnce('every service runs as an unprivileged user on a read-only root', async () => {
  for (const service of services) {
    const name = await project.nameOf(service);
    expect(await project.inspect(name, '{{json .HostConfig}}'), service).toMatchObject({
      CapDrop: ['ALL'],
      ReadonlyRootfs: true,
      Init: true,
      SecurityOpt: ['no-new-privileges:true'],
    });
    expect(await project.compose(['exec', '-T', service, 'id', '-un'])).toBe('node\n');
    await expect(project.compose(['exec', '-T', service, 'touch', '/app/x'])).rejects.toThrow(
      'Read-only file system',
    );
    expect(
      await project.compose([
        'exec',
        '-T',
        service,
        'sh',
        '-c',
        'find /app -name "*.test.*" -path "*prosaas*"',
      ]),
    ).toBe('');
  }
});

testOnce(
  'ports are published only on the loopback interface, and that of PostgreSQL is not published',
  async () => {
    const open: Record<string, number> = {};
    for (const { Service, Name } of await project.containers()) {
      const ports = await project.inspect<Record<string, { HostIp: string }[] | null>>(
        Name,
        '{{json .NetworkSettings.Ports}}',
      );
      const published = Object.values(ports).flatMap((bindings) => bindings ?? []);
      expect(
        published.every(({ HostIp }) => HostIp === '127.0.0.1'),
        Service,
      ).toBe(true);
      open[Service] = published.length;
    }
    expect(open).toEqual({ api: 1, calls: 1, worker: 0, baileys: 1, redis: 1, postgres: 0, simulator: 1 });
  },
);

test('a command in the api container prints the generated keys', async () => {
  const lines = (await project.compose(['exec', '-T', 'api', 'prosaas-keys'])).trim().split('\n');
  const read = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
  expect(Object.keys(read).toSorted()).toEqual(['ADMIN_KEY', 'API_KEY', 'INTERNAL_SECRET', 'METRICS_TOKEN']);
  desk.keys = read as typeof desk.keys;
});

testOnce('the alert check in the api container reports that all is well', async () => {
  const output = await project.compose(['exec', '-T', 'api', 'prosaas-check']);
  expect(output).toMatch(/^PROSAAS OK: healthy, last heartbeat \d+ s ago, rises .* \| heartbeat_age=/);
  expect(await project.compose(['exec', '-T', 'api', 'prosaas-check', '--quiet'])).toBe('');
});

testOnce('the command in the api container checks a profile from standard input', async () => {
  const command = 'docker compose exec -T api prosaas-profile - < packages/agentkit/profiles/default.yaml';
  expect(await project.beside('sh', ['-ec', command])).toMatch(/^The profile is valid: Front Desk, /);
});

testOnce('the image contains the console and all files of its page', async () => {
  const page = await fetch(`${url.api}/`);
  expect(page.status).toBe(200);
  const files = [...(await page.text()).matchAll(/(?:src|href)="(?:\.\/)?(assets\/[^"]+)"/g)].map(
    ([, file]) => file!,
  );
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) expect([file, (await fetch(`${url.api}/${file}`)).status]).toEqual([file, 200]);
  expect((await fetch(`${url.api}/admin/queues`)).status).toBe(404);
});

test('redis-cli without a password can read the heartbeat and nothing else', async () => {
  const beat = Number(await project.compose(['exec', '-T', 'redis', redisCli, 'GET', 'worker:heartbeat']));
  expect(Math.abs(Date.now() / 1000 - beat)).toBeLessThan(60);
  const stranger = new Redis(project.ports.REDIS_PORT, '127.0.0.1', { enableReadyCheck: false });
  try {
    expect(await stranger.ping()).toBe('PONG');
    expect(Number(await stranger.get('worker:heartbeat'))).toBeGreaterThanOrEqual(beat);
    for (const command of [
      ['SET', 'worker:heartbeat', '1'],
      ['GET', 'other'],
      ['INFO'],
      ['KEYS', '*'],
      ['CONFIG', 'GET', '*'],
    ]) {
      const [name = '', ...args] = command;
      await expect(stranger.call(name, ...args)).rejects.toThrow('NOPERM');
    }
  } finally {
    stranger.disconnect();
  }
});

test('the api and the worker do not warn of the settings of Redis', async () => {
  const health = await fetch(`${url.api}/api/health?verbose`);
  expect(await health.text()).toMatch(/^\[\+\]redis ok$/m);
  expect(await project.compose(['logs', 'api', 'worker'])).not.toContain('REDIS MAY LOSE JOBS');
});

test('the containers answer WhatsApp messages and count them in /metrics.json', async () => {
  account = await desk.pair('front-desk');
  const before = await desk.metricsAtRest();
  const { faq } = await loadProfile(undefined);
  const entries = faq.slice(0, 5);
  await desk.play('/phones', { number: customer });
  for (const { question } of entries)
    await desk.play(`/phones/${customer}/send`, { account, text: question, wait: true });
  const texts = await desk.heard(entries.length);
  for (const [index, { answer }] of entries.entries()) expect(texts[index]).toContain(answer);

  const after = await desk.metricsAtRest();
  expect(difference(before.counters, after.counters)).toEqual({
    whatsapp_inbound_messages: entries.length,
    whatsapp_outbound_messages: entries.length,
    queue_jobs_enqueued: 2 * entries.length,
    queue_jobs_completed: 2 * entries.length,
  });
});

test('a restart of Redis keeps a paused queue, a job in the dead letter and all counts', async () => {
  await desk.orderQueue('outbound-messages', 'pause');
  await desk.play(`/phones/${customer}/send`, { account, text: 'Is anybody there?', wait: true });
  await poll(async () => (await desk.queueStates()).items.some(({ waiting }) => waiting === 1), {
    timeoutMs: 60_000,
    everyMs: 250,
    what: 'an answer that waits in the paused queue',
  });
  await desk.orderQueue('outbound-messages', 'drain');
  await poll(async () => (await desk.queueStates()).dead_letter_depth === 1, {
    timeoutMs: 60_000,
    everyMs: 250,
    what: 'a job in the dead letter',
  });
  kept = await desk.readKept();
  expect(kept).toMatchObject({
    counters: { whatsapp_inbound_messages: 6, whatsapp_outbound_messages: 5, queue_jobs_dead_letter: 1 },
    queues: { items: expect.arrayContaining([expect.objectContaining({ paused: true })]) },
  });
  await project.compose(['restart', 'redis']);
  expect(await desk.readKept()).toEqual(kept);
  expect(await project.compose(['logs', 'redis'])).not.toContain('CRITICAL');
});

testOnce('the containers answer a call and count it in /metrics.json', async () => {
  const before = await desk.metricsAtRest();
  await using provider = startTelephonyProvider({
    authToken: 'simulated',
    webhookUrl: url.calls,
    publicUrl: 'http://localhost:5050',
  });
  const call = await provider.call();
  const report = await call.ended;
  expect(report.verdict).toBe('connected');
  expect(report.heard.byteLength).toBeGreaterThan(8000);
  const after = await poll(
    async () => {
      const reading = await desk.metricsAtRest();
      return reading.gauges['calls_active'] === 0 && reading;
    },
    { timeoutMs: 60_000, what: 'the call to end' },
  );
  expect(difference(before.counters, after.counters)).toMatchObject({ calls_started: 1, calls_completed: 1 });
});

testOnce('docker compose up --scale worker=3 gives three workers, each with a heartbeat', async () => {
  await project.compose(['up', '--wait', '--no-recreate', '--scale', 'worker=3']);
  const workers = await poll(
    async () => {
      const response = await fetch(`${url.api}/readyz`);
      const { checks } = (await response.json()) as { checks: { workers: { live?: number; lost?: number } } };
      return checks.workers.live === 3 && checks.workers;
    },
    { timeoutMs: 60_000, everyMs: 500, what: 'three live workers' },
  );
  expect(workers.lost).toBe(0);
});

test('new containers keep the data of Redis, and the WhatsApp session works by itself', async () => {
  kept = await desk.readKept();
  // All containers but the simulator, which has WhatsApp's side of the session in memory. Redis gets another password.
  await project.compose(['rm', '--stop', '--force', ...services, 'redis', 'postgres']);
  await project.compose(['up', '--wait'], ['test/compose/quick-health.yml']);
  await poll(
    async () => {
      const response = await fetch(`${url.baileys}/api/sessions/front-desk`, {
        headers: { 'x-api-key': desk.keys.ADMIN_KEY },
      });
      return ((await response.json()) as { status: string }).status === 'WORKING';
    },
    { timeoutMs: 60_000, everyMs: 500, what: 'the session to work again' },
  );
  expect(await desk.readKept()).toEqual(kept);
  expect(await project.compose(['logs', 'redis'])).not.toContain('CRITICAL');
  await desk.orderQueue('outbound-messages', 'resume');
  // The last answer was drained.
  await desk.giveBack(customer);
  await desk.play(`/phones/${customer}/send`, { account, text: 'Are you open on Sunday?', wait: true });
  await desk.heard(6);
  expect((await desk.metricsAtRest()).counters['whatsapp_outbound_messages']).toBe(6);
});

testOnce(
  'answers what customers wrote while baileys was down, and phones can read every answer at once',
  async () => {
    const { faq } = await loadProfile(undefined);
    const [first, ...others] = faq.slice(0, 5).map(({ question }) => question);
    const numbers = ['15550004001', '15550004002', '15550004003'];
    const write = (number: string, text = ''): Promise<void> =>
      desk.play(`/phones/${number}/send`, { account, text });
    for (const number of numbers) {
      await desk.play('/phones', { number });
      await write(number, first);
      await desk.heard(1, number);
    }
    await project.compose(['kill', 'baileys']);
    for (const text of others) await Promise.all(numbers.map((number) => write(number, text)));
    await project.compose(['start', 'baileys']);
    for (const number of numbers) {
      await desk.heard(1 + others.length, number);
      expect([number, await desk.unreadable(number)]).toEqual([number, 0]);
    }
  },
);

testOnce.each([
  { stopped: 'postgres', unhealthy: ['api'], healthy: ['calls', 'worker', 'baileys', 'redis'], readyz: 503 },
  { stopped: 'redis', unhealthy: ['calls', 'worker'], healthy: ['api', 'baileys', 'postgres'], readyz: 200 },
  {
    stopped: 'baileys',
    unhealthy: [],
    healthy: ['api', 'calls', 'worker', 'redis', 'postgres'],
    readyz: 503,
  },
])(
  'only $unhealthy become unhealthy while $stopped is stopped',
  async ({ stopped, unhealthy, healthy, readyz }) => {
    await project.compose(['stop', stopped]);
    const health = await project.settledHealth();
    const { status } = await fetch(`${url.api}/readyz`);
    await project.compose(['start', stopped]);
    await poll(async () => Object.values(await project.health()).every((state) => state === 'healthy'), {
      timeoutMs: 120_000,
      everyMs: 1000,
      what: `everything to be healthy again with ${stopped}`,
    });
    expect({ ...health, readyz: status }).toMatchObject({
      ...Object.fromEntries(unhealthy.map((name) => [name, 'unhealthy'])),
      ...Object.fromEntries(healthy.map((name) => [name, 'healthy'])),
      readyz,
    });
  },
);

testOnce(
  'twenty messages of 65,000 characters do not stop a worker, and other customers get answers meanwhile',
  async () => {
    const stranger = '15550002222';
    await desk.play('/phones', { number: stranger });
    const worker = await project.nameOf('worker');
    const restarts = await project.inspect(worker, '{{json .RestartCount}}');
    const before = await desk.metricsAtRest();
    const kinds = ['x', '你', '\ufdfa'];
    for (let at = 0; at < 20; at++) {
      const text = (kinds[at % kinds.length] ?? '').repeat(65_000);
      await desk.play(`/phones/${stranger}/send`, { account, text, wait: true });
      if (at % 5 === 4) {
        // A new customer each time, because the agent hands over a customer who repeats a question.
        const other = `1555000300${at}`;
        await desk.play('/phones', { number: other });
        await desk.play(`/phones/${other}/send`, { account, text: 'Are you open on Sunday?', wait: true });
        await desk.heard(1, other);
      }
    }
    const after = await desk.metricsAtRest();
    expect(difference(before.counters, after.counters)).toMatchObject({ whatsapp_inbound_messages: 24 });
    expect(after.counters['queue_jobs_failed']).toBe(before.counters['queue_jobs_failed']);
    expect(await project.inspect(worker, '{{json .State}}')).toMatchObject({
      Running: true,
      OOMKilled: false,
    });
    expect(await project.inspect(worker, '{{json .RestartCount}}')).toBe(restarts);
  },
);

testOnce('npm run demo -- --compose uses the containers with a session of its own', async () => {
  const before = await desk.metricsAtRest();
  const output = await project.beside('npm', ['run', 'demo', '--', '--compose', '--minutes', '0.2']);
  expect(output).toMatch(
    /^The WhatsApp session "demo" is paired: .* ProSaaS +to .*^Played: .* 0 went wrong\.$/ms,
  );
  expect(output).toContain('docker compose exec api prosaas-keys ADMIN_KEY');
  const { counters } = await desk.metricsAtRest();
  expect(counters['whatsapp_outbound_messages']).toBeGreaterThan(
    before.counters['whatsapp_outbound_messages']!,
  );
});

testOnce('the commands of docs/operations.md back the database up and restore it', async () => {
  const people = `${url.api}/api/people`;
  const headers = { 'x-api-key': desk.keys.ADMIN_KEY, 'content-type': 'application/json' };
  const add = async (name: string): Promise<void> => {
    const { status } = await fetch(people, {
      method: 'POST',
      headers,
      body: JSON.stringify({ name, role: 'staff' }),
    });
    expect(status).toBe(201);
  };
  const names = async (): Promise<string[]> => {
    const { items } = (await (await fetch(people, { headers })).json()) as { items: { name: string }[] };
    return items.map(({ name }) => name);
  };
  const folder = await mkdtemp(join(tmpdir(), 'prosaas-backup-'));
  const sh = (...commands: string[]): Promise<string> =>
    project.beside('sh', ['-ec', commands.join('\n').replaceAll(' prosaas.dump', ` ${folder}/prosaas.dump`)]);
  try {
    await add('before the backup');
    await sh('docker compose exec -T postgres pg_dump -U prosaas -Fc prosaas > prosaas.dump');
    await add('after the backup');
    await sh(
      'docker compose stop api worker calls baileys',
      'docker compose exec -T postgres pg_restore -U prosaas -d prosaas --clean --if-exists < prosaas.dump',
      'docker compose up -d --wait',
    );
    const restored = await names();
    expect(restored).toContain('before the backup');
    expect(restored).not.toContain('after the backup');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('every container exits with 0 after docker compose stop', async () => {
  await project.compose(['stop']);
  const codes = (await project.containers()).map(
    ({ Service, State, ExitCode }) => `${Service} ${State} ${ExitCode}`,
  );
  const names = [...services, 'redis', 'postgres', 'simulator'];
  expect(codes.toSorted()).toEqual(names.map((name) => `${name} exited 0`).toSorted());
});

function difference(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([name, value]) => [name, value - (before[name] ?? 0)] as const)
      .filter(([, step]) => step !== 0),
  );
}
