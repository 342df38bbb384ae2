import { type Database, createDatabase, migrate } from '@prosaas/database';
import { type RedisServer, poll, testDatabase, testRedis } from '@prosaas/devstack';
import { type RunningService, captureConsole, createLogger, identify, loadConfig } from '@prosaas/runtime';
import {
  type Account,
  type WhatsAppServer,
  startWhatsAppServer,
  whatsappTrustPreload,
} from '@prosaas/simulators';
import { Redis } from 'ioredis';
import { BaileysConfig } from '../src/config.ts';
import { type BaileysOverrides, startBaileys } from '../src/service.ts';

await import(whatsappTrustPreload.href);
// The simulator's libsignal prints sessions, as the client's does.
captureConsole(silent('console'));

export const KEYS = {
  API_KEY: 'the-business-key',
  ADMIN_KEY: 'the-admin-key-of-tests',
  METRICS_TOKEN: 'the-metrics-token',
  INTERNAL_SECRET: 'the-internal-secret',
};

export interface SessionBody {
  id: string;
  status: string;
  reason: string | null;
  wanted: string;
  since: string;
  phone_number: string | null;
  last_inbound_at: string | null;
}

interface Answer<T> {
  status: number;
  body: T;
  headers: Headers;
}

export interface Replica extends AsyncDisposable {
  url: string;
  service: RunningService;
  admin<T = SessionBody>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
  call<T = unknown>(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: unknown,
  ): Promise<Answer<T>>;
  send(body: object, key?: string): Promise<Answer<{ id?: string; status?: unknown; code?: string }>>;
  session(id: string): Promise<SessionBody>;
  /** Waits until the session has the status, and returns it. */
  until(id: string, status: string, timeoutMs?: number): Promise<SessionBody>;
}

export class Stack implements AsyncDisposable {
  readonly whatsapp: WhatsAppServer;
  readonly redis: RedisServer;
  readonly databaseUrl: string;
  readonly commands: Redis;
  readonly #db: Database;
  readonly #replicas = new Set<Replica>();
  #servedUrl: string;

  static async start(database: string | Promise<string> = testDatabase()): Promise<Stack> {
    const [whatsapp, redis, databaseUrl] = await Promise.all([startWhatsAppServer(), testRedis(), database]);
    await migrate({ url: databaseUrl, log: silent('api') });
    return new Stack(whatsapp, redis, databaseUrl);
  }

  private constructor(whatsapp: WhatsAppServer, redis: RedisServer, databaseUrl: string) {
    this.whatsapp = whatsapp;
    this.redis = redis;
    this.databaseUrl = databaseUrl;
    this.#servedUrl = databaseUrl;
    this.commands = new Redis(redis.url);
    this.commands.on('error', () => {});
    this.#db = createDatabase({ url: databaseUrl, applicationName: 'test', log: silent('test') });
  }

  rows<T = unknown>(sql: string, params?: unknown[]): Promise<T[]> {
    return this.#db.query<T>(sql, params);
  }

  /** Sets the database URL of replicas that are started later. */
  serveFrom(url: string): void {
    this.#servedUrl = url;
  }

  async replica(overrides: BaileysOverrides = {}, whatsappUrl: string = this.whatsapp.url): Promise<Replica> {
    const config = loadConfig(BaileysConfig, {
      ...KEYS,
      BAILEYS_PORT: '0',
      DATABASE_URL: this.#servedUrl,
      REDIS_URL: this.redis.url,
      WHATSAPP_WS_URL: whatsappUrl,
    });
    const service = await startBaileys(
      config,
      { identity: identify('baileys'), log: silent('baileys') },
      { reconcileEveryMs: 200, leaseMs: 3000, ...overrides },
    );
    const replica = replicaAt(service.url, service, () => this.#replicas.delete(replica));
    this.#replicas.add(replica);
    return replica;
  }

  /** Creates a session and pairs it with a new account, or with that of `number`. */
  async pair(replica: Replica, id: string, number?: string): Promise<Account> {
    const created = await replica.admin('POST', '/api/sessions', { id });
    if (created.status !== 201) throw new Error(`not created: ${JSON.stringify(created.body)}`);
    const qr = await qrOf(replica, id);
    const account = await this.whatsapp.scanQr(qr, number ? { number } : {});
    await replica.until(id, 'WORKING');
    return account;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#replicas].map((replica) => replica[Symbol.asyncDispose]()));
    this.commands.disconnect();
    await this.#db[Symbol.asyncDispose]();
    await this.whatsapp[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
  }
}

/** Long enough for a busy machine: `expect.poll(state, SOON)`. */
export const SOON: { timeout: number } = { timeout: 30_000 };

export const qrOf = (replica: Replica, id: string): Promise<string> =>
  poll(
    async () => {
      const { status, body } = await replica.admin<string>('GET', `/api/${id}/auth/qr?format=raw`);
      return status === 200 && body;
    },
    { what: `the QR code of ${id}` },
  );

function silent(service: string) {
  return createLogger({
    service,
    instance: service,
    level: process.env['TEST_LOG_LEVEL'] ?? 'silent',
  });
}

/** A replica in another process, which the caller ends. */
export function remoteReplica(url: string): Replica {
  const service = { drain: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() };
  return replicaAt(url, service, () => {});
}

function replicaAt(url: string, service: RunningService, onGone: () => void): Replica {
  const call: Replica['call'] = async (method, path, headers, body) => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
  };
  const admin: Replica['admin'] = (method, path, body) =>
    call(method, path, { 'x-api-key': KEYS.ADMIN_KEY }, body);
  const session = async (id: string): Promise<SessionBody> =>
    (await admin('GET', `/api/sessions/${id}`)).body;
  let gone: PromiseLike<void> | undefined;
  return {
    url,
    service,
    call,
    admin,
    session,
    send: (body, key) =>
      call(
        'POST',
        '/api/sendText',
        { 'x-internal-secret': KEYS.INTERNAL_SECRET, ...(key !== undefined && { 'idempotency-key': key }) },
        body,
      ),
    async until(id, status, timeoutMs = 10_000) {
      let last: SessionBody | undefined;
      try {
        return await poll(async () => (last = await session(id)).status === status && last, {
          timeoutMs,
          what: `${id} to be ${status}`,
        });
      } catch (error) {
        throw new Error(`${id} is not ${status} but ${JSON.stringify(last)}`, { cause: error });
      }
    },
    async [Symbol.asyncDispose]() {
      onGone();
      gone ??= service[Symbol.asyncDispose]();
      await gone;
    },
  };
}
