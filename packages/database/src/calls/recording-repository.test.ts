import { randomUUID } from 'node:crypto';
import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { changeCall } from './call-repository.ts';
import { type Database, createDatabase } from '../database.ts';
import { migrate } from '../migrate.ts';
import {
  finishRecording,
  listUnfinishedRecordings,
  saveRecording,
  saveRecordingPart,
} from './recording-repository.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let db: Database;
let id: string;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.query('truncate recording_parts, recordings, calls');
  const call = { id: 'CA1', business_id: 'default', status: 'in-progress', started_at: new Date() };
  await db.transaction((tx) => changeCall(tx, call, (row) => row));
  id = randomUUID();
});

const part = (number: number, ...audio: number[]): Promise<void> =>
  saveRecordingPart(db, { recordingId: id, callId: 'CA1', part: number, audio: Uint8Array.from(audio) });
const finish = (): Promise<boolean> =>
  finishRecording(db, id, (audio) => ({ mediaType: 'audio/wav', durationMs: audio.length, audio }));
const recordings = (): Promise<{ audio: Buffer; duration_ms: number }[]> =>
  db.query('select audio, duration_ms from recordings');
const parts = (): Promise<unknown[]> => db.query('select from recording_parts');

test('parts are assembled once and in order, into a recording dated like the last part', async () => {
  await part(2, 3, 4);
  await part(1, 1, 2);
  await part(1, 9, 9);
  await db.query(`update recording_parts set created_at = now() - interval '1 hour'`);
  expect(await Promise.all([finish(), finish()])).toEqual(expect.arrayContaining([true, false]));
  expect(await recordings()).toEqual([{ audio: Buffer.of(1, 2, 3, 4), duration_ms: 4 }]);
  expect(await parts()).toEqual([]);
  const recent = `select from recordings where created_at > now() - interval '1 minute'`;
  expect(await db.query(recent)).toEqual([]);
});

test('a complete recording replaces its parts, or the recording that was assembled from them', async () => {
  const whole = { id, callId: 'CA1', mediaType: 'audio/wav', durationMs: 3, audio: Uint8Array.of(1, 2, 3) };
  await part(1, 1);
  await saveRecording(db, whole);
  expect(await parts()).toEqual([]);
  await part(2, 2);
  expect(await finish()).toBe(true);
  expect(await recordings()).toEqual([{ audio: Buffer.of(1, 2, 3), duration_ms: 3 }]);

  await db.query('truncate recordings');
  await part(1, 1);
  await finish();
  await saveRecording(db, whole);
  expect(await recordings()).toEqual([{ audio: Buffer.of(1, 2, 3), duration_ms: 3 }]);
});

test('a recording is unfinished if no part was added for a while, and its parts are deleted with the call', async () => {
  await part(1, 1);
  const look = (afterMs: number): Promise<unknown[]> => listUnfinishedRecordings(db, { afterMs, limit: 10 });
  expect(await look(60_000)).toEqual([]);
  await db.query(`update recording_parts set created_at = now() - interval '2 minutes'`);
  expect(await look(60_000)).toEqual([{ recordingId: id, callId: 'CA1' }]);
  await part(2, 2);
  expect(await look(60_000)).toEqual([]);
  await db.query(`delete from calls where id = 'CA1'`);
  expect(await parts()).toEqual([]);
});
