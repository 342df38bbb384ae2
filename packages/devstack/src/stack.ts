import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { poll } from './poll.ts';
import { freePort } from './ports.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { type ServiceName, serviceNames, serviceProgram, serviceSource } from './service-program.ts';
import { type ChildService, startService } from './services.ts';

export interface StackPorts {
  api: number;
  calls: number;
  baileys: number;
  postgres: number;
  redis: number;
}

export interface StackKeys {
  apiKey: string;
  adminKey: string;
  metricsToken: string;
  internalSecret: string;
}

export interface StackOptions {
  /** Which services to start; all by default. */
  services?: readonly ServiceName[];
  /** Further environment of the services; it wins over what the stack sets. An empty value unsets. */
  env?: Record<string, string | undefined>;
  /** Ports that are not given are free ones. */
  ports?: Partial<StackPorts>;
  /** Where PostgreSQL and Redis keep their data. Without it they leave nothing behind. */
  dataDir?: string;
  /** An existing Redis or PostgreSQL to use instead of starting one. */
  redisUrl?: string | undefined;
  databaseUrl?: string | undefined;
  postgresArgs?: string[];
  /** Receives every line that a process of the stack prints. */
  onLine?: (source: string, line: string) => void;
  /** `false`: return without waiting until the services work. */
  wait?: boolean;
  /** Run the services from their sources in tests, too: for a preload that changes a module of theirs. */
  fromSources?: boolean;
}

export interface Stack extends AsyncDisposable {
  url: { api: string; calls: string; baileys: string };
  ports: StackPorts;
  redisUrl: string;
  databaseUrl: string;
  /** Undefined if the stack uses an existing one. */
  redis: RedisServer | undefined;
  postgres: PostgresServer | undefined;
  /** The keys of the services, unless `env` overrides them. */
  keys: StackKeys;
  services: Record<ServiceName, ChildService>;
}

/** PostgreSQL, Redis and the services as child processes; disposing stops them in the reverse order. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { services = serviceNames, dataDir, wait = true } = options;
  await using started = new AsyncDisposableStack();
  const on = (source: string): { onLine?: (line: string) => void } => {
    const { onLine } = options;
    return onLine === undefined ? {} : { onLine: (line) => onLine(source, line) };
  };
  const folder = (name: string): { dir?: string } =>
    dataDir === undefined ? {} : { dir: join(dataDir, name) };
  const ports: StackPorts = {
    api: options.ports?.api ?? (await freePort()),
    calls: options.ports?.calls ?? (await freePort()),
    baileys: options.ports?.baileys ?? (await freePort()),
    postgres: options.ports?.postgres ?? (await freePort()),
    redis: options.ports?.redis ?? (await freePort()),
  };

  const starting = await Promise.allSettled([
    options.databaseUrl === undefined
      ? startPostgres({
          ...folder('postgres'),
          port: ports.postgres,
          args: options.postgresArgs ?? [],
          ...on('postgres'),
        })
      : undefined,
    options.redisUrl === undefined
      ? startRedis({ ...folder('redis'), port: ports.redis, ...on('redis') })
      : undefined,
  ]);
  for (const result of starting) {
    if (result.status === 'fulfilled' && result.value) started.use(result.value);
  }
  const failed = starting.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  const [postgres, redis] = starting.map((result) =>
    result.status === 'fulfilled' ? result.value : undefined,
  ) as [PostgresServer | undefined, RedisServer | undefined];

  const databaseUrl = options.databaseUrl ?? postgres?.url ?? '';
  const redisUrl = options.redisUrl ?? redis?.url ?? '';
  const url = {
    api: `http://127.0.0.1:${ports.api}`,
    calls: `http://127.0.0.1:${ports.calls}`,
    baileys: `http://127.0.0.1:${ports.baileys}`,
  };
  const keys: StackKeys = {
    apiKey: randomKey('api'),
    adminKey: randomKey('admin'),
    metricsToken: randomKey('metrics'),
    internalSecret: randomKey('internal'),
  };
  const env = {
    ...inherited(),
    HOST: '127.0.0.1',
    API_PORT: String(ports.api),
    CALLS_PORT: String(ports.calls),
    BAILEYS_PORT: String(ports.baileys),
    BAILEYS_URL: url.baileys,
    BAILEYS_ADVERTISE_URL: url.baileys,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    API_KEY: keys.apiKey,
    ADMIN_KEY: keys.adminKey,
    METRICS_TOKEN: keys.metricsToken,
    INTERNAL_SECRET: keys.internalSecret,
    ...options.env,
  };
  const healthUrls: Record<ServiceName, string | undefined> = {
    api: `${url.api}/readyz`,
    calls: `${url.calls}/health`,
    baileys: `${url.baileys}/health`,
    worker: undefined,
  };

  const running: Partial<Record<ServiceName, ChildService>> = {};
  // Stops all at the same time: none needs another to stop.
  started.defer(async () => {
    await Promise.all(Object.values(running).map((service) => service.stop()));
  });
  for (const name of services) {
    const program = options.fromSources ? serviceSource(name) : await serviceProgram(name);
    running[name] = await startService(name, {
      program,
      env,
      healthUrl: healthUrls[name],
      redisUrl,
      ...on(name),
    });
  }
  if (wait) await Promise.all(Object.values(running).map((service) => service.ready()));
  if (wait && running.api && running.worker) await agentIsWarm(url.api);

  const owned = started.move();
  return {
    url,
    ports,
    redisUrl,
    databaseUrl,
    redis,
    postgres,
    keys,
    services: running as Record<ServiceName, ChildService>,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const WARM_MS = 15_000;

/** Waits for the agents to read their languages, which may take longer than the services' start. Gives up silently after `WARM_MS`. */
async function agentIsWarm(api: string): Promise<void> {
  const isWarm = (): Promise<boolean> =>
    fetch(`${api}/health/agentkit`).then(
      ({ ok }) => ok,
      () => false,
    );
  await poll(isWarm, { what: 'the agent', timeoutMs: WARM_MS }).catch(() => {});
}

function randomKey(kind: string): string {
  return `${kind}-${randomBytes(16).toString('base64url')}`;
}

/** The environment that services inherit. A developer's own settings must not change a test. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'TZ', 'SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'];
  const env: Record<string, string> = {};
  for (const name of [...names, 'NODE_COMPILE_CACHE', 'NODE_V8_COVERAGE']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}
