import { randomBytes } from 'node:crypto';
import { type KeyRing, type Keys, MIN_KEY_LENGTH, type Logger, retryForever } from '@prosaas/runtime';
import type { Queryable } from '../database.ts';
import { startPeopleKeys } from './people-keys.ts';
import { requireTable } from '../tables.ts';
import { databasePreparationLog } from '../database-outages.ts';

const keyNames = ['API_KEY', 'ADMIN_KEY', 'METRICS_TOKEN', 'INTERNAL_SECRET'] as const;
type KeyName = (typeof keyNames)[number];

/** What the operator set of them. */
export type ConfiguredKeys = Readonly<Partial<Record<KeyName, string>>>;

/** How the one service that generates keys says so: the command with which an operator reads them. */
export interface KeyGeneration {
  readCommand: string;
}

/**
 * The keys in force: the operator's, and for each that is not set one of 256 random bits that all services share. The service
 * that is told how to generates what is missing (of its replicas whoever comes first, and says so); the others read it.
 */
export async function ensureKeys(
  db: Queryable,
  configured: ConfiguredKeys,
  { log, generation }: { log: Logger; generation?: KeyGeneration | undefined },
): Promise<Keys> {
  const missing = keyNames.filter((name) => configured[name] === undefined);
  if (missing.length > 0 && generation) {
    await requireTable(db, 'generated_keys');
    const keys = await generateKeys(db, missing);
    if (keys.length > 0)
      log.info({ keys, command: generation.readCommand }, 'keys that are not set were generated');
  }
  const generated = missing.length > 0 ? await readGeneratedKeys(db) : new Map<string, string>();
  return composeKeys((name) => configured[name] ?? generated.get(name) ?? raiseMissing(name));
}

function composeKeys(valueOf: (name: KeyName) => string): Keys {
  return {
    apiKeys: [{ businessId: 'default', key: valueOf('API_KEY') }],
    adminKey: valueOf('ADMIN_KEY'),
    metricsTokens: valueOf('METRICS_TOKEN')
      .split(',')
      .map((token) => token.trim())
      .filter((token) => token !== ''),
    internalSecret: valueOf('INTERNAL_SECRET'),
  };
}

/** The generated keys by name: for the operator's eyes. */
export async function readGeneratedKeys(db: Queryable): Promise<Map<string, string>> {
  await requireTable(db, 'generated_keys');
  const rows = await db.query<{ name: string; value: string }>(
    'select name, value from generated_keys order by name',
  );
  return new Map(rows.map(({ name, value }) => [name, value]));
}

/** Answers the names of those that were not there. */
async function generateKeys(db: Queryable, names: readonly KeyName[]): Promise<string[]> {
  const values = names.map(() => randomBytes(32).toString('base64url'));
  const rows = await db.query<{ name: string }>(
    'insert into generated_keys (name, value) select * from unnest($1::text[], $2::text[]) on conflict (name) do nothing returning name',
    [names, values],
  );
  return rows.map(({ name }) => name);
}

function raiseMissing(name: string): never {
  throw new Error(`${name} is not set, and the api has not generated it yet`);
}

/**
 * Knows the keys at once where the operator set them all, else once the database was reached; tries until then. A service that lets
 * nobody in (`readsPeople: false`) knows none of the people.
 */
export function startKeyRing(
  db: Queryable,
  configured: ConfiguredKeys,
  { log, generation, readsPeople = true }: { log: Logger; generation?: KeyGeneration; readsPeople?: boolean },
): KeyRing & AsyncDisposable {
  warnOfSameKeys(configured, log);
  warnOfShortToken(configured, log);
  const stopping = new AbortController();
  const allSet = keyNames.every((name) => configured[name] !== undefined);
  let keys = allSet ? composeKeys((name) => configured[name] ?? raiseMissing(name)) : undefined;
  const load = async (): Promise<void> => {
    keys = await ensureKeys(db, configured, { log, generation });
  };
  const retries = { signal: stopping.signal, baseMs: 200, maxMs: 3000, outage: databasePreparationLog(log) };
  const loading = (allSet ? Promise.resolve() : retryForever(load, retries)).catch(() => {});
  const people = readsPeople ? startPeopleKeys(db, { log }) : undefined;
  return {
    current: () => keys,
    people: () => people?.people(),
    refreshPeople: async () => people?.refreshPeople(),
    async [Symbol.asyncDispose]() {
      people?.[Symbol.dispose]();
      stopping.abort();
      await loading;
    },
  };
}

/** One of them travels in URLs, another opens everything: whoever learns the first must not have the second. */
function warnOfSameKeys(configured: ConfiguredKeys, log: Logger): void {
  const same = keyNames.filter((name) =>
    keyNames.some(
      (other) => other !== name && configured[name] !== undefined && configured[name] === configured[other],
    ),
  );
  if (same.length > 0) log.warn({ keys: same }, 'These keys have the same value; give each its own');
}

/** Not refused, as a key is: it opens metrics alone, and those who read them are often set up with another token first. */
function warnOfShortToken({ METRICS_TOKEN: tokens }: ConfiguredKeys, log: Logger): void {
  if (tokens?.split(',').some((token) => token.trim().length < MIN_KEY_LENGTH) === true)
    log.warn({ least_characters: MIN_KEY_LENGTH }, 'METRICS_TOKEN is short and can be guessed');
}
