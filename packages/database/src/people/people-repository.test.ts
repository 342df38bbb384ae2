import { hash } from 'node:crypto';
import { poll, testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, type Queryable, createDatabase } from '../database.ts';
import { migrate } from '../migrate.ts';
import { startPeopleKeys } from './people-keys.ts';
import {
  type NewPerson,
  changePerson,
  createPerson,
  listPeople,
  replaceKey,
  revokePerson,
} from './people-repository.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const everyone = { businessId: undefined, withAdmins: true };
const most = 50;
let db: Database;

beforeAll(async () => {
  const url = await testDatabase();
  await migrate({ url, log });
  db = createDatabase({ url, applicationName: 'test', log });
  await db.query(`insert into businesses (id, name) values ('other', 'Other'), ('full', 'Full')`);
});
afterAll(() => db[Symbol.asyncDispose]());

const dana: NewPerson = {
  business_id: 'default',
  name: 'Dana',
  role: 'owner',
  phone_number: null,
  email: null,
};
const add = async (person: Partial<NewPerson> = {}): Promise<{ id: string; key: string; hash: string }> => {
  const created = await createPerson(db, { ...dana, ...person }, { most });
  if (created === undefined) throw new Error('nobody was added');
  const { person: row, key } = created;
  return { id: row.id, key, hash: hash('sha256', key, 'base64url') };
};

test('a key is stored only as a hash', async () => {
  const { id, key, hash: hashed } = await add();
  expect(key).toMatch(/^[\w-]{43}$/);
  const [row] = await db.query<{ key_hash: Buffer; all: string }>(
    'select key_hash, people::text as all from people where id = $1',
    [id],
  );
  expect(row?.key_hash.toString('base64url')).toBe(hashed);
  expect(row?.all).not.toContain(key);
});

test('a phone number belongs to one person of a business until that person is revoked', async () => {
  const number = { phone_number: '491701234567' };
  const first = await add(number);
  await expect(add(number)).rejects.toMatchObject({ code: 'PHONE_NUMBER_TAKEN', status: 409 });
  const second = await add();
  const take = () => changePerson(db, second.id, { scope: everyone, change: number });
  await expect(take()).rejects.toMatchObject({ code: 'PHONE_NUMBER_TAKEN' });
  await add({ ...number, business_id: 'other' });
  await revokePerson(db, first.id, everyone);
  expect(await take()).toMatchObject(number);
});

test('the number of people of a business is limited, and revoked people do not count', async () => {
  const full = { ...dana, business_id: 'full' };
  const one = await createPerson(db, full, { most: 1 });
  expect(await createPerson(db, full, { most: 1 })).toBeUndefined();
  await revokePerson(db, one?.person.id ?? '', everyone);
  expect(await createPerson(db, full, { most: 1 })).toBeDefined();
});

test('people outside the scope can be neither listed nor changed', async () => {
  const admin = await add({ role: 'admin' });
  const theirs = await add({ business_id: 'other' });
  const scope = { businessId: 'default', withAdmins: false };
  for (const { id } of [admin, theirs]) {
    expect(await changePerson(db, id, { scope, change: { name: 'X' } })).toBeUndefined();
    expect(await replaceKey(db, id, scope)).toBeUndefined();
    expect(await revokePerson(db, id, scope)).toBe(false);
  }
  const rows = await listPeople(db, { scope, withRevoked: true, limit: 50 });
  const ids = rows.map(({ id }) => id);
  expect(ids).not.toContain(admin.id);
  expect(ids).not.toContain(theirs.id);
});

test('a new key is accepted soon, and a replaced or revoked key is rejected soon', async () => {
  using keys = startPeopleKeys(db, { log, readEveryMs: 50 });
  const isKnown = ({ hash: hashed }: { hash: string }): boolean | undefined => keys.people()?.has(hashed);
  const person = await add({ name: 'Noa', role: 'staff' });
  await poll(() => isKnown(person), { what: 'the new key' });
  expect(keys.people()?.get(person.hash)).toEqual({
    id: person.id,
    name: 'Noa',
    role: 'staff',
    businessId: 'default',
  });
  const replaced = await replaceKey(db, person.id, everyone);
  await poll(() => isKnown(person) === false, { what: 'the end of the old key' });
  const next = { hash: hash('sha256', replaced?.key ?? '', 'base64url') };
  expect(isKnown(next)).toBe(true);
  await revokePerson(db, person.id, everyone);
  await poll(() => isKnown(next) === false, { what: 'the end of the key' });
});

test('keys stay valid for a limited time while the database is away', async () => {
  const person = await add();
  let isAway = false;
  const flaky: Queryable = {
    query: (sql, params) => (isAway ? Promise.reject(new Error('away')) : db.query(sql, params)),
  };
  using keys = startPeopleKeys(flaky, { log, readEveryMs: 20, knownForMs: 400 });
  await poll(() => keys.people()?.has(person.hash), { what: 'the key' });
  isAway = true;
  const began = performance.now();
  await expect(keys.refreshPeople()).rejects.toThrow('away');
  expect(keys.people()?.has(person.hash)).toBe(true);
  await poll(() => keys.people() === undefined, { what: 'the end of their time' });
  expect(performance.now() - began).toBeGreaterThan(300);
  isAway = false;
  await poll(() => keys.people()?.has(person.hash), { what: 'the key again' });
});

test('a slow older read does not bring a revoked key back', async () => {
  const person = await add();
  const late = Promise.withResolvers<void>();
  let answered = 0;
  const slow: Queryable = {
    query: async <T>(sql: string, params?: unknown[]) => {
      const rows = await db.query<T>(sql, params);
      if (!sql.includes('key_hash')) return rows;
      answered += 1;
      if (answered === 1) await late.promise;
      return rows;
    },
  };
  using keys = startPeopleKeys(slow, { log, readEveryMs: 60_000 });
  await poll(() => answered === 1, { what: 'the first answer' });
  await revokePerson(db, person.id, everyone);
  await keys.refreshPeople();
  late.resolve();
  await new Promise(setImmediate);
  expect(keys.people()?.has(person.hash)).toBe(false);
});
