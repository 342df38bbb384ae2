import { type Database, createDatabase, isDatabaseOutage } from '@prosaas/database';
import { type PostgresServer, type Stack, fillDiskUnder } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, ask, bearer, reasonsOf } from './support/ask.ts';
import { isStatus, startQuickStack, until } from './support/stack.ts';

let stack: Stack;
let db: Database;

beforeAll(async () => {
  stack = await startQuickStack({ postgresArgs: ['-c', 'max_connections=60'] });
  db = connect();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

function connect(): Database {
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  return createDatabase({ url: stack.databaseUrl, size: 1, applicationName: 'test', log });
}

/** Opens connections until PostgreSQL refuses one. */
async function takeAllConnections(held: AsyncDisposableStack): Promise<void> {
  for (;;) {
    const one = held.use(connect());
    try {
      await one.query('select 1');
    } catch (error) {
      if (isDatabaseOutage(error)) return;
      throw error;
    }
  }
}

const migrationsTable = 'schema_migrations';

const health = (): string => `${stack.url.api}/api/health`;

async function untilUnhealthy(reasons: Record<string, unknown>): Promise<Answer> {
  const answer = await until(health(), (one) => one.status === 503 && covers(reasonsOf(one), reasons), {
    what: `/api/health to fail with ${JSON.stringify(reasons)}`,
  });
  expect(answer.body?.['status']).toBe('unhealthy');
  return answer;
}

const covers = (found: Record<string, unknown>, wanted: Record<string, unknown>): boolean =>
  Object.entries(wanted).every(([name, reason]) => found[name] === reason);

async function untilHealthy(): Promise<void> {
  const answer = await until(health(), isStatus(200));
  expect(answer.text).toBe('{"status":"healthy"}');
}

/** Expects the probes that do not depend on PostgreSQL to pass. */
async function expectOthersWell(): Promise<void> {
  for (const url of [`${stack.url.calls}/health`, `${stack.url.baileys}/health`, `${stack.url.api}/livez`]) {
    expect([url, (await ask(url)).status]).toEqual([url, 200]);
  }
}

describe('the schema', () => {
  const changes = [
    {
      change: 'drop index recordings_by_call',
      mend: 'create index recordings_by_call on recordings (call_id)',
      difference: 'index recordings_by_call is missing',
    },
    {
      change: 'alter table audit_log rename to audit_log_old',
      mend: 'alter table audit_log_old rename to audit_log',
      difference: 'table audit_log is missing',
    },
    {
      change: 'alter table calls rename column reason to why',
      mend: 'alter table calls rename column why to reason',
      difference: 'column calls.reason is missing',
    },
    {
      change: 'alter table businesses alter column name type varchar(40)',
      mend: 'alter table businesses alter column name type text',
      difference: 'column businesses.name is character varying(40), not text',
    },
  ];

  test('fails with schema_drift after a manual change, and shows details only with a token', async () => {
    await db.transaction(async (tx) => {
      for (const { change } of changes) await tx.query(change);
    });
    const answer = await untilUnhealthy({ schema: 'schema_drift' });
    expect(answer.body).toMatchObject({ checks: { schema: { differences: changes.length } } });
    const full = (await ask(health(), bearer(stack.keys.metricsToken))).text;
    for (const { difference } of changes) {
      expect(answer.text).not.toContain(difference);
      expect(full).toContain(difference);
    }
    expect((await ask(`${health()}?verbose`)).text).toContain('[-]schema failed: schema_drift');
    expect((await ask(`${stack.url.api}/readyz`)).status).toBe(200);
    await db.transaction(async (tx) => {
      for (const { mend } of changes) await tx.query(mend);
    });
    await untilHealthy();
  });

  test('does not fail because of additions of a newer build', async () => {
    await db.query('alter table businesses add column colour text');
    await db.query('create table newer (id int)');
    await db.query(`insert into ${migrationsTable} (name, run_on) values ('9999_newer', now())`);
    const answer = await until(`${health()}?verbose`, ({ text }) => text.includes('newer_migrations'));
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^\[\+\]migrations ok, warning: newer_migrations$/m);
    expect((await ask(health())).text).toBe('{"status":"healthy"}');
    const draft = await ask(health(), { headers: { accept: 'application/health+json' } });
    expect(draft.body).toMatchObject({ status: 'warn' });
    await db.query(`delete from ${migrationsTable} where name = '9999_newer'`);
    await db.query('alter table businesses drop column colour');
    await db.query('drop table newer');
    await until(`${health()}?verbose`, ({ text }) => text.includes('[+]migrations ok\n'));
  });

  test('fails with pending_migrations if a migration is not applied', async () => {
    const [last] = await db.query<{ name: string }>(
      `delete from ${migrationsTable} where id = (select max(id) from ${migrationsTable}) returning name`,
    );
    const answer = await untilUnhealthy({ migrations: 'pending_migrations' });
    expect(answer.body).toMatchObject({ checks: { migrations: { pending: 1 } } });
    expect((await ask(health(), bearer(stack.keys.adminKey))).text).toContain(last?.name);
    await db.query(`insert into ${migrationsTable} (name, run_on) values ($1, now())`, [last?.name]);
    await untilHealthy();
  });
});

describe('PostgreSQL', () => {
  test('hangs: the api reports timeout, lives, is not ready, and recovers by itself', async () => {
    const untilMetrics = (tellRows: boolean): Promise<unknown> =>
      until(
        `${stack.url.api}/metrics`,
        ({ status, text }) =>
          status === 200 && text.includes('\nprosaas_queue_dead_letter_depth ') === tellRows,
        { init: bearer(stack.keys.metricsToken) },
      );
    await untilMetrics(true);
    await stack.postgres?.freeze();
    await untilUnhealthy({ database: 'timeout' });
    const unready = await until(`${stack.url.api}/readyz`, isStatus(503));
    expect(unready.body).toMatchObject({
      ready: false,
      checks: { database: { status: 'fail', reason: 'timeout' } },
    });
    await expectOthersWell();
    await untilMetrics(false);
    await stack.postgres?.thaw();
    await untilHealthy();
    await untilMetrics(true);
    await until(`${stack.url.api}/readyz`, isStatus(200));
  });

  test('is stopped: only the api is unhealthy, REST answers 503, metrics are served, and all recovers by itself', async () => {
    const api = { headers: { 'x-api-key': stack.keys.apiKey } };
    await stack.postgres?.stop();
    await untilUnhealthy({ database: 'refused' });
    await until(`${stack.url.api}/readyz`, isStatus(503));
    await expectOthersWell();
    expect(stack.services.worker.running()).toBe(true);
    const rest = await ask(`${stack.url.api}/api/conversations`, api);
    expect(rest.status).toBe(503);
    expect(rest.type).toMatch(/^application\/problem\+json/);
    expect(rest.body).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect((await ask(`${stack.url.api}/metrics.json`, bearer(stack.keys.metricsToken))).status).toBe(200);
    await stack.postgres?.start();
    await untilHealthy();
    await until(`${stack.url.api}/readyz`, isStatus(200));
    expect((await ask(`${stack.url.api}/api/conversations`, api)).status).toBe(200);
  });

  test('is away when the api starts: the api lives, is not ready, and migrates when PostgreSQL is there', async () => {
    await stack.postgres?.stop();
    await stack.services.api.restart();
    await until(`${stack.url.api}/livez`, isStatus(200));
    await untilUnhealthy({ database: 'refused' });
    expect((await ask(`${stack.url.api}/readyz`)).body).toMatchObject({ ready: false });
    await stack.postgres?.start();
    await untilHealthy();
    await until(`${stack.url.api}/readyz`, isStatus(200));
  });

  test('is out of connections: a running api keeps its own, and a starting one waits', async () => {
    await using held = new AsyncDisposableStack();
    await takeAllConnections(held);
    expect((await ask(health())).text).toBe('{"status":"healthy"}');
    await stack.services.api.stop();
    await takeAllConnections(held);
    await stack.services.api.start();
    const answer = await untilUnhealthy({ database: 'refused' });
    expect(answer.text).not.toContain('too many');
    expect((await ask(health(), bearer(stack.keys.metricsToken))).text).toMatch(
      /too many|remaining connection/,
    );
    await held.disposeAsync();
    await untilHealthy();
  });
});

describe('a PostgreSQL that cannot write', () => {
  const urls = (): Record<'calls' | 'baileys', string> => ({
    calls: `${stack.url.calls}/health?verbose`,
    baileys: `${stack.url.baileys}/health?verbose`,
  });

  /** Waits until the api is unhealthy and not ready, and until the other services show the reason but stay healthy. */
  async function untilAllSay(reason: string): Promise<void> {
    await untilUnhealthy({ database: reason });
    const ready = await until(`${stack.url.api}/readyz`, isStatus(503));
    expect(ready.body).toMatchObject({ ready: false, checks: { database: { status: 'fail', reason } } });
    for (const url of Object.values(urls())) {
      const answer = await until(url, ({ text }) => text.includes('[-]database'));
      expect(answer.text).toContain(`[-]database failed: ${reason} (not required)`);
      expect(answer.status).toBe(200);
    }
  }

  async function untilAllWell(): Promise<void> {
    await untilHealthy();
    await until(`${stack.url.api}/readyz`, isStatus(200));
    for (const url of Object.values(urls())) await until(url, ({ text }) => text.includes('[+]database ok'));
    await until(`${stack.url.api}/readyz?verbose`, ({ text }) => text.includes('[+]workers ok\n'));
  }

  test('because it is read-only: every service reports read_only until it can write', async () => {
    await db.query('alter system set default_transaction_read_only = on');
    await db.query('select pg_reload_conf()');
    await untilAllSay('read_only');
    await until(`${stack.url.api}/readyz?verbose`, ({ text }) =>
      text.includes('[+]workers ok, warning: database_read_only'),
    );
    // The worker may report it before the api's own check does.
    await until(health(), ({ text }) => text.includes('in a read-only transaction'), {
      init: bearer(stack.keys.metricsToken),
    });
    await db.query('alter system reset default_transaction_read_only');
    await db.query('select pg_reload_conf()');
    await untilAllWell();
  });

  test('because its disk is full: every service reports disk_full until it can write', async () => {
    const full = await fillDiskUnder(stack.postgres as PostgresServer, 'write_probe');
    await untilAllSay('disk_full');
    expect((await ask(health())).text).not.toContain('No space left');
    expect((await ask(health(), bearer(stack.keys.metricsToken))).text).toContain('No space left');
    await full[Symbol.asyncDispose]();
    await untilAllWell();
  });

  test('to one table: the check fails in the affected service and in the api, which names the services', async () => {
    await db.query(`
      create function refuse() returns trigger language plpgsql as
        $$ begin raise exception 'no room' using errcode = 'disk_full'; end $$;
      create trigger refuse before update on jobs for each row execute function refuse();
      create trigger refuse before update on unstored_messages for each row execute function refuse();
      insert into jobs (queue, order_key, payload, is_delayed) values ('inbound-messages', 'nobody', '{}', true);
      insert into unstored_messages (business_id, session_id, contact, external_id, status, reason, received_at)
        values ('default', 'nobody', 'nobody', '1', 'pending', 'none', now() - interval '2 days')`);
    const answer = await untilUnhealthy({ database: 'disk_full' });
    const { checks } = answer.body as { checks: { database: { services: string[] } } };
    const { services } = checks.database;
    expect(['worker', 'baileys']).toEqual(expect.arrayContaining(services));
    await until(`${stack.url.api}/readyz`, isStatus(503));
    await until(urls().baileys, ({ text }) => text.includes('[-]database failed: disk_full'));
    await until(`${stack.url.api}/readyz?verbose`, ({ text }) =>
      text.includes('[+]workers ok, warning: database_disk_full'),
    );
    expect((await ask(urls().calls)).text).toContain('[+]database ok');
    await db.query('drop function refuse cascade');
    await untilAllWell();
  });
});
