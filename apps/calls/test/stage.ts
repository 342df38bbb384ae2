import { type Profile, loadProfile } from '@prosaas/agentkit';
import { type Database, createDatabase, migrate } from '@prosaas/database';
import { type RedisServer, type Stack, poll, startStack, testDatabase, testRedis } from '@prosaas/devstack';
import { type SlotTotals, readSlotTotals } from '@prosaas/leases';
import { type Logger, closeRedis, createLogger, createRedis, identify, loadConfig } from '@prosaas/runtime';
import { type RestApi, type TelephonyProvider, startTelephonyProvider } from '@prosaas/simulators';
import type { Redis } from 'ioredis';
import { CallsConfig } from '../src/config.ts';
import { type CallsOverrides, type RunningCalls, startCalls } from '../src/service.ts';
import type { CallTimings } from '../src/timings.ts';

export const authToken = 'an auth token of the provider';
const publicUrl = 'https://desk.example/phone';

/** How much faster than real time callers are, except in tests of real time. */
const defaultSpeed = 5;

/** Short phrases and short waits, so that a whole call is quick. */
export const shortProfile: Profile = {
  ...(await loadProfile()),
  phone: { greeting: 'Welcome, speak now.', idle: 'Hello?', thanks: 'Thanks.', goodbye: 'Bye.' },
};
const shortTimings: Partial<CallTimings> = {
  idleMs: 1000,
  silenceMs: 400,
  sweepEveryMs: 100,
  renewEveryMs: 200,
};

export interface Desk extends AsyncDisposable {
  service: RunningCalls;
  provider: TelephonyProvider;
  /** Sends a GET and parses the body as JSON. */
  get(path: string): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Waits until Redis is reached and calls are accepted. */
  healthy(): Promise<void>;
  /** Waits until the voice is loaded and calls are answered at once. */
  warm(): Promise<void>;
}

export interface CallRecord {
  status: string;
  outcome: string | null;
  reason: string | null;
  from_number: string | null;
  recordings: { media_type: string; duration_ms: number; audio: Buffer }[];
}

/** Redis and PostgreSQL for a test file, and any number of calls services on them. */
export class Stage implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly commands: Redis;
  readonly db: Database;
  readonly log: Logger;
  readonly lines: string[] = [];
  readonly #databaseUrl: string;

  static async start(): Promise<Stage> {
    const [redis, databaseUrl] = await Promise.all([testRedis(), testDatabase()]);
    return new Stage(redis, databaseUrl).#migrated();
  }

  private constructor(redis: RedisServer, databaseUrl: string) {
    this.redis = redis;
    this.#databaseUrl = databaseUrl;
    this.log = createLogger({
      service: 'calls',
      instance: 'test',
      level: 'DEBUG',
      destination: { write: (line) => void this.lines.push(line) },
    });
    this.commands = createRedis({ url: redis.url, name: 'test', role: 'commands', log: this.log });
    this.db = createDatabase({ url: databaseUrl, applicationName: 'test', log: this.log });
  }

  async desk(
    env: Record<string, string> = {},
    {
      timings,
      speed = defaultSpeed,
      api,
      ...overrides
    }: CallsOverrides & { speed?: number; api?: RestApi } = {},
  ): Promise<Desk> {
    const config = loadConfig(CallsConfig, {
      CALLS_PORT: '0',
      REDIS_URL: this.redis.url,
      DATABASE_URL: this.#databaseUrl,
      TWILIO_AUTH_TOKEN: authToken,
      PUBLIC_URL: publicUrl,
      ...(api && { TWILIO_ACCOUNT_SID: api.accountSid, TWILIO_API_URL: api.url }),
      ...env,
    });
    const context = { identity: identify('calls'), log: this.log };
    const loadsBefore = this.#loads();
    const service = await startCalls(config, context, {
      profile: shortProfile,
      timings: { ...shortTimings, frameMs: 20 / speed, ...timings },
      ...overrides,
    });
    // As if a proxy stripped the path of the public URL.
    const provider = startTelephonyProvider({
      authToken,
      webhookUrl: service.url,
      publicUrl,
      speed,
      ...(api && { api }),
    });
    const get: Desk['get'] = async (path) => {
      const response = await fetch(`${service.url}${path}`);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    return {
      service,
      provider,
      get,
      healthy: async () => {
        await poll(async () => (await get('/health')).status === 200, { what: 'health' });
      },
      warm: async () => {
        await poll(() => this.#loads() > loadsBefore, { what: 'a voice that is loaded', timeoutMs: 20_000 });
        await poll(async () => (await get('/health')).status === 200, { what: 'health' });
      },
      [Symbol.asyncDispose]: async () => {
        await provider[Symbol.asyncDispose]();
        await service[Symbol.asyncDispose]();
      },
    };
  }

  /** Starts the service as a process with the real voice and real times, as in production. */
  async process(): Promise<AsyncDisposable & { stack: Stack; provider: TelephonyProvider }> {
    const stack = await startStack({
      services: ['calls'],
      redisUrl: this.redis.url,
      databaseUrl: this.#databaseUrl,
      env: { TWILIO_AUTH_TOKEN: authToken, PUBLIC_URL: publicUrl, DRAIN_SECONDS: '0' },
    });
    const provider = startTelephonyProvider({ authToken, webhookUrl: stack.url.calls, publicUrl });
    return {
      stack,
      provider,
      [Symbol.asyncDispose]: async () => {
        await provider[Symbol.asyncDispose]();
        await stack[Symbol.asyncDispose]();
      },
    };
  }

  #loads(): number {
    return this.lines.filter((line) => line.includes('the agent and the voice are loaded')).length;
  }

  /** Deletes all calls from Redis. */
  async forgetCalls(): Promise<void> {
    const keys = await this.commands.keys('{prosaas}:calls:*');
    if (keys.length > 0) await this.commands.del(...keys);
  }

  totals(): Promise<SlotTotals> {
    return readSlotTotals(this.commands, '{prosaas}:calls');
  }

  async call(callSid: string): Promise<CallRecord | undefined> {
    const [call] = await this.db.query<Omit<CallRecord, 'recordings'>>(
      'select status, outcome, reason, from_number from calls where id = $1',
      [callSid],
    );
    const recordings = await this.db.query<CallRecord['recordings'][number]>(
      'select media_type, duration_ms, audio from recordings where call_id = $1',
      [callSid],
    );
    return call && { ...call, recordings };
  }

  /** Waits until the call is stored. */
  record(callSid: string): Promise<CallRecord> {
    return poll(() => this.call(callSid), { what: `a record of ${callSid}` });
  }

  /** Waits until the outcome of the call is stored. */
  outcomeOf(callSid: string): Promise<CallRecord> {
    const settled = async (): Promise<CallRecord | undefined> => {
      const call = await this.call(callSid);
      return call?.outcome == null ? undefined : call;
    };
    return poll(settled, { what: `the outcome of ${callSid}`, timeoutMs: 15_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeRedis(this.commands);
    await this.db[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
  }

  async #migrated(): Promise<this> {
    await migrate({ url: this.#databaseUrl, log: this.log });
    return this;
  }
}
