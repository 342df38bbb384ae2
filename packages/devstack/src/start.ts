// `npm start`: runs PostgreSQL, Redis and the four services on this machine until Ctrl-C. Data is kept in .data, or in the folder that
// PROSAAS_DATA_DIR names. With `-- --simulator` the services talk to a simulated WhatsApp and telephony provider, and no data is kept.
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type SupervisedProcess, superviseProcesses } from './supervisor.ts';
import { buildConsole } from './console-build.ts';
import { formatLine } from './log-line.ts';
import { ensureRedisInstalled } from './redis-install.ts';
import { AlreadyRunning, holdLock } from './run-lock.ts';
import { dataFolder } from './running-stack.ts';
import { type Stack, type StackPorts, startStack } from './stack.ts';
import { choosePorts } from './start-ports.ts';
import { checkSettings } from './start-settings.ts';
import { type Simulator, startSimulator } from './start-simulator.ts';
import { poll } from './poll.ts';
import { freePort } from './ports.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const dataDir = dataFolder();

/** A terminal's Ctrl-C reaches every process of the group, and npm passes it on again. Signals within this time count as one. */
const SAME_PRESS_MS = 2000;

/** Checks run every two seconds; on a busy machine the first ones can run out of time. */
const HEALTHY_MS = 20_000;

let isStarting = true;

function say(line: string): void {
  console.log(formatLine('start', line));
}

/** The services are ready before the api has checked all of them. A stack that stays unhealthy is shown, too. */
async function untilHealthy({ url, services }: Stack): Promise<void> {
  const isHealthy = async (): Promise<boolean> =>
    !services.api.running() ||
    fetch(`${url.api}/api/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  await poll(isHealthy, { what: 'the stack to be healthy', timeoutMs: HEALTHY_MS }).catch(() => {});
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { simulator: { type: 'boolean', default: false } } });
  const stopped = stopSignal();
  const envFile = join(repository, '.env');
  if (existsSync(envFile)) process.loadEnvFile(envFile);
  await checkSettings(process.env, say);
  const redisUrl = process.env['REDIS_URL']?.trim() || undefined;
  const databaseUrl = process.env['DATABASE_URL']?.trim() || undefined;

  using lock = await holdLock(join(dataDir, 'running.json'));
  if (redisUrl === undefined) await ensureRedisInstalled(say);
  await buildConsole();
  const own: ('postgres' | 'redis')[] = [];
  if (databaseUrl === undefined) own.push('postgres');
  if (redisUrl === undefined) own.push('redis');
  const ports = await choosePorts(process.env, own, say);

  const began = performance.now();
  say('starting PostgreSQL, Redis and four services ...');
  await using simulator = values.simulator ? await simulate(ports.calls) : undefined;
  await using stack = await startStack({
    ports,
    ...(simulator === undefined ? { dataDir } : {}),
    redisUrl,
    databaseUrl,
    wait: false,
    onLine: (source, line) => {
      // The lines of PostgreSQL and Redis are noise. The supervisor reports if one ends, and why it does not start again.
      if (source !== 'postgres' && source !== 'redis') console.log(formatLine(source, line));
    },
    env: { ...settings(ports), ...simulator?.env },
  });
  lock.note({
    ...stack.url,
    databaseUrl: stack.databaseUrl,
    ...(simulator && { simulator: simulator.control }),
  });
  const ready = Promise.all(Object.values(stack.services).map((service) => service.ready()))
    .then(() => untilHealthy(stack))
    .then(() => 'ready');
  await using supervisor = superviseProcesses({ say });
  supervisor.supervise(storesOf(stack, simulator));
  const failed = anyEnd(stack);
  const first = await Promise.race([ready, failed, supervisor.gaveUp, stopped]);
  let last: unknown = first;
  isStarting = false;
  if (first === 'ready') {
    printTable(stack, simulator, Math.round((performance.now() - began) / 100) / 10);
    supervisor.supervise(Object.values(stack.services));
    last = await Promise.race([supervisor.gaveUp, stopped]);
  }
  if (last === 'ended') process.exitCode = 1;
  await supervisor[Symbol.asyncDispose]();
  ready.catch(() => {});
  say('stopping ...');
  const stoppedAt = performance.now();
  await stack[Symbol.asyncDispose]();
  say(
    `stopped in ${((performance.now() - stoppedAt) / 1000).toFixed(1)} s; ${values.simulator ? 'nothing is kept' : `data is kept in ${relative(process.cwd(), dataDir) || '.'}`}`,
  );
}

async function simulate(callsPort: number | undefined): Promise<Simulator> {
  const ports = { whatsapp: await freePort(), control: await freePort(), telephony: await freePort() };
  return startSimulator(ports, `http://127.0.0.1:${callsPort}`, (line) =>
    console.log(formatLine('simulator', line)),
  );
}

/** Settles at the first signal. A later one ends this process at once, and the watchdog stops the others. */
function stopSignal(): Promise<'signal'> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = (): void => {
      first ??= performance.now();
      if (performance.now() - first > SAME_PRESS_MS) process.exit(130);
      resolve('signal');
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    process.on('SIGHUP', onSignal);
  });
}

/** Settles when a service ends. Before all services work, a restart would not help. */
async function anyEnd(stack: Stack): Promise<'ended'> {
  const ends = Object.values(stack.services).map(async (service) => ({
    service,
    code: await service.exited(),
  }));
  const { service, code } = await Promise.race(ends);
  if (isStarting) say(`${service.name} ended by itself (${code}): stopping the rest`);
  return 'ended';
}

/** A simulator that ended has forgotten its phones, so it is not started again. */
function storesOf({ postgres, redis }: Stack, simulator: Simulator | undefined): SupervisedProcess[] {
  return [
    ...(postgres
      ? [{ name: 'PostgreSQL', exited: () => postgres.exited(), start: () => postgres.start() }]
      : []),
    ...(redis ? [{ name: 'Redis', exited: () => redis.exited(), start: () => redis.start() }] : []),
    ...(simulator ? [{ name: 'the simulator', exited: () => simulator.exited }] : []),
  ];
}

/** The operator's own settings; keys that are not set are generated and kept in the database. */
function settings(ports: Partial<StackPorts>): Record<string, string | undefined> {
  const { REDIS_URL: _redis, DATABASE_URL: _database, ...others } = process.env;
  const { API_KEY, ADMIN_KEY, METRICS_TOKEN, INTERNAL_SECRET, PUBLIC_URL } = others;
  return {
    ...others,
    API_KEY,
    ADMIN_KEY,
    METRICS_TOKEN,
    INTERNAL_SECRET,
    PUBLIC_URL: PUBLIC_URL || `http://localhost:${ports.calls}`,
  };
}

function printTable(stack: Stack, simulator: Simulator | undefined, seconds: number): void {
  const { api, calls, baileys } = stack.ports;
  const rows = [
    ['api', `http://localhost:${api}`, `http://localhost:${api}/api/health`],
    ['calls', `http://localhost:${calls}`, `http://localhost:${calls}/health`],
    ['baileys', `http://localhost:${baileys}`, `http://localhost:${baileys}/health`],
    ['worker', 'no port', heartbeatCommand(withoutPassword(stack.redisUrl))],
    ['PostgreSQL', withoutPassword(stack.databaseUrl), ''],
    ['Redis', withoutPassword(stack.redisUrl), ''],
    ...(simulator
      ? [['simulator', simulator.control, 'in another terminal: npm run demo, npm run demo:call'] as const]
      : []),
  ] as const;
  const lines = rows.map(([name, url, health]) =>
    `  ${name.padEnd(11)} ${url.padEnd(48)} ${health}`.trimEnd(),
  );
  console.log(
    [
      '',
      `ProSaaS is up after ${seconds} s.`,
      '',
      ...lines,
      '',
      `  Console:   http://localhost:${api}/`,
      '  Keys:      npm run keys',
      '  Stop:      Ctrl-C',
      '',
    ].join('\n'),
  );
}

/** redis-cli can start from any node of a cluster. It does not support Sentinel. */
function heartbeatCommand(redisUrl: string): string {
  if (redisUrl.includes('+sentinel:')) return '';
  const [first = '', ...others] = redisUrl.replace('+cluster:', ':').split(',');
  return `redis-cli ${others.length > 0 ? '-c ' : ''}-u ${first} GET worker:heartbeat`;
}

function withoutPassword(text: string): string {
  // Not with `new URL()`, which rejects several hosts.
  return text.replace(/(\/\/[^:@/]*):.*@/, '$1@');
}

try {
  await main();
} catch (error) {
  process.exitCode = 1;
  if (error instanceof AlreadyRunning) {
    say(
      `It runs already: ${error.message}. Stop that one first (Ctrl-C in its terminal, or kill ${error.pid}).`,
    );
  } else {
    say(error instanceof Error ? error.message : String(error));
  }
}
