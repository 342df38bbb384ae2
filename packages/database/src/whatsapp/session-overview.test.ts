import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, createDatabase } from '../database.ts';
import { migrate } from '../migrate.ts';
import { addSessionChange } from './session-change-repository.ts';
import { readSessionOverview } from './session-overview.ts';
import {
  createSession,
  deleteSession,
  failSession,
  touchSessionInbound,
} from './whatsapp-session-repository.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let db: Database;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, size: 2, applicationName: 'test', log });
  await db.query(`insert into businesses (id, name) values ('other', 'Other')`);
});
afterAll(() => db[Symbol.asyncDispose]());

const change = (sessionId: string, status: string, secondsAgo: number): Promise<void> =>
  addSessionChange(db, { sessionId, status, reason: null, secondsAgo });

test('counts sessions by their recorded status and lists the failing ones', async () => {
  expect(await readSessionOverview(db, undefined)).toMatchObject({ counts: {}, failing: [] });
  for (const [id, businessId, wanted] of [
    ['desk', 'default', 'started'],
    ['new', 'default', 'started'],
    ['out', 'default', 'started'],
    ['rest', 'default', 'stopped'],
    ['theirs', 'other', 'started'],
  ] as const)
    await createSession(db, { id, businessId, wanted });
  await change('desk', 'WORKING', 50);
  await change('out', 'WORKING', 9000);
  await change('out', 'FAILED', 3600);
  await failSession(db, 'out', 'logged_out');
  const [chat] = await db.query<{ id: string }>(
    `insert into conversations (business_id, channel, session_id, contact)
     values ('default', 'whatsapp', 'out', '1@s.whatsapp.net') returning id`,
  );
  await db.query(
    `insert into messages (business_id, conversation_id, session_id, direction, status, text)
     select 'default', $1, 'out', 'outbound', status, 'x' from unnest(array['queued', 'queued', 'sent']) as status`,
    [chat?.id],
  );
  const { counts, failing } = await readSessionOverview(db, 'default');
  expect(counts).toEqual({ WORKING: 1, STARTING: 1, FAILED: 1, STOPPED: 1 });
  expect(failing).toMatchObject([
    { id: 'new', status: 'STARTING', reason: null, waiting: 0 },
    { id: 'out', status: 'FAILED', reason: 'logged_out', waiting: 2 },
  ]);
  const failedAgo = Date.now() - (failing[1]?.since.getTime() ?? 0);
  expect(failedAgo / 1000).toBeGreaterThan(3590);
  expect(failedAgo / 1000).toBeLessThan(8000);
  expect((await readSessionOverview(db, 'other')).failing).toMatchObject([{ id: 'theirs' }]);
  expect((await readSessionOverview(db, undefined)).failing).toHaveLength(3);
});

test.each<[string, () => Promise<unknown>]>([
  ['a status change', () => change('desk', 'STARTING', 0)],
  ['an inbound message', () => touchSessionInbound(db, 'desk', new Date())],
  ['a message that is sent', () => db.query(`update messages set status = 'sent' where session_id = 'out'`)],
  ['a deleted session', () => deleteSession(db, 'rest')],
])('%s alters `changed` for its business only', async (_what, act) => {
  const versions = async (): Promise<string[]> => [
    (await readSessionOverview(db, 'default')).changed,
    (await readSessionOverview(db, 'other')).changed,
  ];
  const before = await versions();
  expect(await versions()).toEqual(before);
  await act();
  const [ours, theirs] = await versions();
  expect([ours === before[0], theirs]).toEqual([false, before[1]]);
});
