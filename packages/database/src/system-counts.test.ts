import pg from 'pg';
import { expect, test } from 'vitest';
import { countConnections, countConversationsByState } from './system-counts.ts';
import { onDatabase, receive } from './test-support.ts';

const on = onDatabase();

test('counts conversations by state, including empty states', async () => {
  expect(await countConversationsByState(on.db)).toEqual({ agent: 0, waiting: 0, person: 0, closed: 0 });
  for (const contact of ['1', '2', '3']) await receive(on.db, `${contact}@s.whatsapp.net`);
  await on.db.query(`update conversations set state = 'waiting' where contact like '1%'`);
  expect(await countConversationsByState(on.db)).toEqual({ agent: 2, waiting: 1, person: 0, closed: 0 });
});

test('counts the connections of all users, whoever asks', async () => {
  const [server] = await on.db.query<{ max: number }>(
    `select current_setting('max_connections')::int as max`,
  );
  const role = `stranger_${process.pid}`;
  await on.db.query(`create role ${role} login password 'x'`);
  const url = new URL(on.url);
  url.username = role;
  url.password = 'x';
  const stranger = new pg.Client({ connectionString: url.href });
  await stranger.connect();
  const asStranger = { query: async <T>(sql: string) => (await stranger.query(sql)).rows as T[] };
  const { used, allowed } = await countConnections(asStranger);
  const [own] = await on.db.query<{ clients: number }>(
    `select count(*)::int as clients from pg_stat_activity where backend_type = 'client backend' and datname = current_database()`,
  );
  await stranger.end();
  await on.db.query(`drop role ${role}`);
  expect(allowed).toBe(server!.max);
  expect(own!.clients).toBeGreaterThanOrEqual(2);
  expect(used).toBeGreaterThanOrEqual(own!.clients);
  expect(used).toBeLessThanOrEqual(allowed);
});
