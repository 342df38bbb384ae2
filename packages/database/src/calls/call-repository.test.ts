import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changeCall, listOpenCalls } from './call-repository.ts';
import { type Database, createDatabase } from '../database.ts';
import { migrate } from '../migrate.ts';
import { assignNumber, businessOfNumber, listNumbers, removeNumber } from './phone-number-repository.ts';
import { saveRecording } from './recording-repository.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const number = '+15550199000';
let db: Database;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
  await db.query(`insert into businesses (id, name) values ('bakery', 'Bakery'), ('garage', 'Garage')`);
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.query('truncate phone_numbers, recording_parts, recordings, calls');
});

describe('a phone number', () => {
  test('that is not assigned belongs to the default business', async () => {
    expect(await businessOfNumber(db, number)).toBe('default');
  });

  test('belongs to the business that it was assigned to last', async () => {
    await assignNumber(db, { number, businessId: 'bakery' });
    const row = { number, business_id: 'garage' };
    expect(await assignNumber(db, { number, businessId: 'garage' })).toEqual(row);
    expect(await businessOfNumber(db, number)).toBe('garage');
    expect(await listNumbers(db, { limit: 10 })).toEqual([row]);
    expect(await listNumbers(db, { businessId: 'bakery', limit: 10 })).toEqual([]);
  });

  test('cannot be assigned to a business that does not exist', async () => {
    expect(await assignNumber(db, { number, businessId: 'nobody' })).toBeUndefined();
    expect(await listNumbers(db, { limit: 10 })).toEqual([]);
  });

  test('belongs to the default business again once it is removed', async () => {
    await assignNumber(db, { number, businessId: 'bakery' });
    expect(await removeNumber(db, number)).toBe(true);
    expect(await removeNumber(db, number)).toBe(false);
    expect(await businessOfNumber(db, number)).toBe('default');
  });
});

const recording = {
  id: '00000000-0000-4000-8000-000000000001',
  callId: 'CA1',
  mediaType: 'audio/wav',
  durationMs: 20,
  audio: new Uint8Array(160),
};
const newCall = { id: 'CA1', business_id: 'default', status: 'queued', started_at: new Date() };

describe('a call', () => {
  test('takes its recordings along when its business changes', async () => {
    await db.transaction((tx) => changeCall(tx, newCall, (call) => call));
    await saveRecording(db, recording);
    await db.transaction((tx) => changeCall(tx, newCall, (call) => ({ ...call, business_id: 'bakery' })));
    await saveRecording(db, { ...recording, id: '00000000-0000-4000-8000-000000000002' });
    const owners = await db.query('select distinct business_id from recordings');
    expect(owners).toEqual([{ business_id: 'bakery' }]);
  });

  test('that does not exist cannot have recordings', async () => {
    await expect(saveRecording(db, recording)).rejects.toThrow(/null value|foreign key/);
  });

  test('is open until it has an outcome', async () => {
    const before = new Date(Date.now() + 60_000);
    await db.transaction((tx) => changeCall(tx, newCall, (call) => call));
    expect(await listOpenCalls(db, { before, limit: 10 })).toEqual([{ id: 'CA1', status: 'queued' }]);
    expect(await listOpenCalls(db, { before: new Date(0), limit: 10 })).toEqual([]);
    await db.transaction((tx) => changeCall(tx, newCall, (call) => ({ ...call, outcome: 'error' })));
    expect(await listOpenCalls(db, { before, limit: 10 })).toEqual([]);
  });
});
