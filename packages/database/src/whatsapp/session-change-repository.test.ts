import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, createDatabase } from '../database.ts';
import { migrate } from '../migrate.ts';
import { addSessionChange, readSessionStats } from './session-change-repository.ts';
import { createSession, deleteSession } from './whatsapp-session-repository.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let db: Database;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, size: 2, applicationName: 'test', log });
  for (const id of ['a', 'b']) await createSession(db, { id, businessId: 'default', wanted: 'started' });
});
afterAll(() => db[Symbol.asyncDispose]());

const add = (sessionId: string, reason: string, secondsAgo = 0): Promise<void> =>
  addSessionChange(db, { sessionId, status: 'STARTING', reason, secondsAgo });
const kept = (sessionId: string): Promise<{ reason: string }[]> =>
  db.query('select reason from session_changes where session_id = $1 order by id', [sessionId]);

test('keeps the latest 500 changes of a week per session, and returns the latest 50', async () => {
  await db.query(`insert into session_changes (session_id, status, reason)
    select 'a', 'STARTING', 'n' || n from generate_series(1, 600) n`);
  await db.query(`insert into session_changes (session_id, at, status, reason)
    values ('b', now() - interval '8 days', 'WORKING', 'old'), ('b', now() - interval '6 days', 'WORKING', 'kept')`);
  await add('a', 'last');
  await add('b', 'late', 3600);
  const reasons = (await kept('a')).map(({ reason }) => reason);
  expect([reasons.length, reasons[0], reasons.at(-1)]).toEqual([500, 'n102', 'last']);
  expect(await kept('b')).toEqual([{ reason: 'kept' }, { reason: 'late' }]);
  const [a, b] = await readSessionStats(db, ['b', 'a', 'gone']);
  expect([a?.session_id, a?.changes.length, a?.changes.at(-1)?.reason]).toEqual(['a', 50, 'last']);
  expect(b?.changes.map(({ reason }) => reason)).toEqual(['kept', 'late']);
  expect(Date.now() - (b?.changes[1]?.at.getTime() ?? 0)).toBeGreaterThan(3_590_000);
});

test('a deleted session gets no changes and keeps none', async () => {
  await add('nobody', 'x');
  await deleteSession(db, 'b');
  await add('b', 'x');
  expect(await db.query(`select from session_changes where session_id in ('b', 'nobody')`)).toEqual([]);
});
