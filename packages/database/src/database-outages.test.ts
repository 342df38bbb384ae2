import { type PostgresServer, poll, startPostgres } from '@prosaas/devstack';
import { type Logger, createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { createDatabaseProbe } from './probe.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
  const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  await migrate({ url: server.url, log });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Line {
  level: string;
  msg: string;
  reason?: string;
}

function logger(): { log: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  return { log: createLogger({ service: 'test', instance: 'test', level: 'info', destination }), lines };
}

const soon = (): AbortSignal => AbortSignal.timeout(5000);
const succeeds = (result: Promise<unknown>): Promise<boolean> =>
  result.then(
    () => true,
    () => false,
  );

async function setReadOnly(isReadOnly: boolean): Promise<void> {
  const { log } = logger();
  await using db = createDatabase({ url: server.url, applicationName: 'operator', log });
  const change = isReadOnly
    ? 'set default_transaction_read_only = on'
    : 'reset default_transaction_read_only';
  await db.query(`alter system ${change}`);
  await db.query('select pg_reload_conf()');
}

test.each(['ping', 'write', 'schema'] as const)(
  'a probe that only runs %s logs the start and the end of an outage',
  async (method) => {
    const { log, lines } = logger();
    await using probe = createDatabaseProbe({ url: server.url, log });
    await probe[method](soon());
    await server.stop();
    expect(await succeeds(probe[method](soon()))).toBe(false);
    await poll(() => lines.length > 0, { what: 'a line' });
    await server.start();
    await poll(() => succeeds(probe[method](soon())), { what: method });
    expect(lines).toMatchObject([
      { level: 'warn', msg: 'PostgreSQL is away' },
      { level: 'info', msg: 'PostgreSQL is back' },
    ]);
  },
);

test('a write outage is logged until both the pool and the probe can write', async () => {
  const { log, lines } = logger();
  await using db = createDatabase({ url: server.url, applicationName: 'test', log });
  await using probe = createDatabaseProbe({ url: server.url, log });
  const insert = (): Promise<unknown> => db.query('insert into write_probe default values');
  await insert();
  await probe.write(soon());
  await setReadOnly(true);
  await poll(async () => !(await succeeds(insert())), { what: 'a failed insert' });
  await poll(async () => !(await succeeds(probe.write(soon()))), { what: 'a failed write' });
  await poll(() => lines.length > 0, { what: 'a line' });
  // Reads do not end a write outage.
  await db.query('select 1');
  await probe.ping(soon());
  expect(lines).toMatchObject([{ level: 'warn', msg: 'PostgreSQL cannot write', reason: 'read_only' }]);
  await setReadOnly(false);
  await poll(() => succeeds(insert()), { what: 'an insert' });
  expect(lines).toHaveLength(1);
  await poll(() => succeeds(probe.write(soon())), { what: 'a write' });
  expect(lines.slice(1)).toMatchObject([{ level: 'info', msg: 'PostgreSQL can write again' }]);
});
