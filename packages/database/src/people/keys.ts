import { randomBytes } from 'node:crypto';
import { type KeyRing, type Keys, MIN_KEY_LENGTH, type Logger, retryForever } from '@prosaas/runtime';
import type { Queryable } from '../database.ts';
import { startPeopleKeys } from './people-keys.ts';
import { requireTable } from '../tables.ts';
import { databasePreparationLog } from '../database-outages.ts';

const KEY_NAMES = ['API_KEY', 'ADMIN_KEY', 'METRICS_TOKEN', 'INTERNAL_SECRET'] as const;
type KeyName = (typeof KEY_NAMES)[number];

/** The keys that the operator set. */
export type ConfiguredKeys = Readonly<Partial<Record<KeyName, string>>>;

/** Set by the one service that generates keys: the command, for the log, with which an operator reads them. */
export interface KeyGeneration {
  readCommand: string;
}

/**
 * The keys in force: those that the operator set, and a generated key of 256 random bits for each unset one. The service with
 * `generation` generates missing keys (its first replica does, and logs it); the other services read them.
 */
export async function ensureKeys(
  db: Queryable,
  configured: ConfiguredKeys,
  { log, generation }: { log: Logger; generation?: KeyGeneration | undefined },
): Promise<Keys> {
  const missing = KEY_NAMES.filter((name) => configured[name] === undefined);
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

/** The generated keys by name, to show to the operator. */
export async function readGeneratedKeys(db: Queryable): Promise<Map<string, string>> {
  await requireTable(db, 'generated_keys');
  const rows = await db.query<{ name: string; value: string }>(
    'select name, value from generated_keys order by name',
  );
  return new Map(rows.map(({ name, value }) => [name, value]));
}

/** Returns the names of the keys that did not exist. */
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
 * Holds the keys: at once if the operator set them all, otherwise after the database was read, which is retried until it succeeds.
 * `readsPeople: false` is for a service that authenticates no people.
 */
export function startKeyRing(
  db: Queryable,
  configured: ConfiguredKeys,
  { log, generation, readsPeople = true }: { log: Logger; generation?: KeyGeneration; readsPeople?: boolean },
): KeyRing & AsyncDisposable {
  warnOfSameKeys(configured, log);
  warnOfShortToken(configured, log);
  const stopping = new AbortController();
  const allSet = KEY_NAMES.every((name) => configured[name] !== undefined);
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

/** Some keys appear in URLs. Whoever learns such a key must not have the admin key with it. */
function warnOfSameKeys(configured: ConfiguredKeys, log: Logger): void {
  const same = KEY_NAMES.filter((name) =>
    KEY_NAMES.some(
      (other) => other !== name && configured[name] !== undefined && configured[name] === configured[other],
    ),
  );
  if (same.length > 0) log.warn({ keys: same }, 'these keys have the same value; give each its own');
}

/**
 * Only a warning, while other short keys are refused: this token gives access to metrics only, and scrapers may already be
 * configured with it.
 */
function warnOfShortToken({ METRICS_TOKEN: tokens }: ConfiguredKeys, log: Logger): void {
  if (tokens?.split(',').some((token) => token.trim().length < MIN_KEY_LENGTH) === true)
    log.warn({ least_characters: MIN_KEY_LENGTH }, 'METRICS_TOKEN is short and can be guessed');
}
