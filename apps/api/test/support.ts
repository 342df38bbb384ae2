import {
  type Database,
  type ReleasedJob,
  addJob,
  createDatabase,
  failJobs,
  migrate,
  recordInbound,
} from '@prosaas/database';
import { type RedisServer, testDatabase, testRedis } from '@prosaas/devstack';
import { inboundJob } from '@prosaas/queues';
import { createLogger, identify, loadConfig } from '@prosaas/runtime';
import { ApiConfig } from '../src/config.ts';
import { startApi } from '../src/service.ts';

export const apiKey = 'the-api-key-of-tests';
export const adminKey = 'the-admin-key-of-tests';
export const metricsToken = 'the-metrics-token';

export interface ApiAnswer {
  status: number;
  headers: Headers;
  /** Empty if the answer has no JSON. */
  body: Record<string, unknown>;
}

export interface TestApi extends AsyncDisposable {
  url: string;
  db: Database;
  redis: RedisServer;
  send(method: string, path: string, options?: { key?: string; body?: unknown }): Promise<ApiAnswer>;
  get(path: string, key?: string): Promise<Response>;
  json(path: string, key?: string): Promise<Record<string, unknown>>;
  list(path: string, key?: string): Promise<{ items: Record<string, unknown>[]; next_cursor: string | null }>;
}

/** Starts the api in this process with a new database and a new Redis. */
export async function startTestApi(env: Record<string, string> = {}): Promise<TestApi> {
  await using opening = new AsyncDisposableStack();
  const databaseUrl = await testDatabase();
  const log = createLogger({ service: 'api', instance: 'test', level: 'silent' });
  await migrate({ url: databaseUrl, log });
  const db = opening.use(createDatabase({ url: databaseUrl, size: 4, applicationName: 'test', log }));
  const redis = opening.use(await testRedis());
  const config = loadConfig(ApiConfig, {
    API_PORT: '0',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    API_KEY: apiKey,
    ADMIN_KEY: adminKey,
    METRICS_TOKEN: metricsToken,
    INTERNAL_SECRET: 'the-internal-secret',
    ...env,
  });
  const service = opening.use(await startApi(config, { identity: identify('api'), log }));
  const open = opening.move();
  const get = (path: string, key: string = apiKey): Promise<Response> =>
    fetch(`${service.url}${path}`, { headers: { 'x-api-key': key } });
  const json = async (path: string, key?: string): Promise<Record<string, unknown>> =>
    (await (await get(path, key)).json()) as Record<string, unknown>;
  return {
    url: service.url,
    db,
    redis,
    send: (method, path, options) => send(service.url + path, method, options),
    get,
    json,
    list: async (path, key) =>
      (await json(path, key)) as { items: Record<string, unknown>[]; next_cursor: string | null },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function send(
  url: string,
  method: string,
  { key = apiKey, body }: { key?: string; body?: unknown } = {},
): Promise<ApiAnswer> {
  const response = await fetch(url, {
    method,
    headers: { 'x-api-key': key, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const { status, headers } = response;
  const text = await response.text();
  const isJson = headers.get('content-type')?.includes('json') === true;
  return { status, headers, body: isJson ? (JSON.parse(text) as ApiAnswer['body']) : {} };
}

/** Reads all pages of a list. */
export async function walk(api: TestApi, path: string, key?: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const separator = path.includes('?') ? '&' : '?';
    const page = await api.list(cursor === '' ? path : `${path}${separator}cursor=${cursor}`, key);
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}

export interface ReceivedMessage {
  id: string;
  conversationId: string;
  /** Id of the message's job. */
  jobId: string;
  released: ReleasedJob | undefined;
}

/** Stores an inbound message and its job, which no worker runs. By default from a new contact. */
export async function receive(
  db: Database,
  {
    contact = `${crypto.randomUUID()}@s.whatsapp.net`,
    businessId = 'default',
    trace,
  }: { contact?: string; businessId?: string; trace?: string } = {},
): Promise<ReceivedMessage> {
  const sessionId = `session-${businessId}`;
  await db.query(`insert into whatsapp_sessions (id, business_id) values ($1, $2) on conflict do nothing`, [
    sessionId,
    businessId,
  ]);
  const input = {
    sessionId,
    businessId,
    contact,
    externalId: crypto.randomUUID(),
    text: 'Hello',
    sentAt: new Date(),
  };
  const { message, released } = await db.transaction(async (tx) => {
    const recorded = await recordInbound(tx, input);
    return { ...recorded, released: await addJob(tx, inboundJob(recorded.message, trace)) };
  });
  const [row] = await db.query<{ id: string }>('select id::text as id from jobs where message_id = $1', [
    message.id,
  ]);
  return { id: message.id, conversationId: message.conversation_id, jobId: row!.id, released };
}

/** Stores messages whose jobs failed for good with these reasons, one message per contact. */
export async function receiveFailing(db: Database, reasons: readonly string[]): Promise<ReceivedMessage[]> {
  const messages: ReceivedMessage[] = [];
  for (const reason of reasons) {
    const message = await receive(db);
    await db.transaction((tx) => failJobs(tx, [message.released!], reason));
    messages.push(message);
  }
  return messages;
}
