import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, createDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { readMigrationAsset } from './migrations.ts';
import { compareSchemas, schemaDrift, snapshotFile } from './schema-drift.ts';
import { type Schema, readSchema } from './schema.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
let db: Database;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
});
afterAll(() => db[Symbol.asyncDispose]());

test('the committed snapshot matches the migrated schema (npm run snapshot -w @prosaas/database)', async () => {
  expect(JSON.parse(readMigrationAsset(snapshotFile))).toEqual(await readSchema(db));
});

describe('drift of a migrated database', () => {
  test('is empty if nobody changed the schema by hand', async () => {
    expect(await schemaDrift(db)).toEqual([]);
  });

  test.each([
    ['drop table recordings', ['table recordings is missing']],
    ['alter table calls drop column reason', ['column calls.reason is missing']],
    ['alter table calls rename column reason to why', ['column calls.reason is missing']],
    [
      'alter table calls alter column reason type varchar(10)',
      ['column calls.reason is character varying(10), not text'],
    ],
    ['alter table outbox alter column queue drop not null', ['column outbox.queue may be null']],
    ['drop index messages_open', ['index messages_open is missing']],
    [
      'drop index messages_open; create index messages_open on messages (text)',
      ['index messages_open is different'],
    ],
    ['alter table outbox drop constraint outbox_queue_key_key', ['index outbox_queue_key_key is missing']],
    [
      'create table newer (id int); alter table calls add column newer text; create index newer_i on newer (id)',
      [],
    ],
  ])('after "%s" is %j', async (change, drift) => {
    const undo = new Error('undo');
    const run = db.transaction(async (tx) => {
      await tx.query(change);
      expect(await schemaDrift(tx)).toEqual(drift);
      throw undo;
    });
    await expect(run).rejects.toBe(undo);
  });
});

test('an index of a missing table is not reported in addition to the table', () => {
  const schema: Schema = {
    tables: { a: { id: { type: 'bigint', nullable: false } } },
    indexes: { a_pkey: { table: 'a', unique: true, keys: ['id'], where: null } },
  };
  expect(compareSchemas(schema, { tables: {}, indexes: {} })).toEqual(['table a is missing']);
});
