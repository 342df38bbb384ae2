import { randomBytes } from 'node:crypto';
import { type KeyRing, type Keys, type Logger, retryForever } from '@prosaas/runtime';
import type { Queryable } from './database.ts';

const keyNames = ['API_KEY', 'ADMIN_KEY', 'METRICS_TOKEN', 'INTERNAL_SECRET'] as const;
type KeyName = (typeof keyNames)[number];

/** What the operator set of them. */
export type ConfiguredKeys = Readonly<Partial<Record<KeyName, string>>>;

/** How an operator reads the keys that were generated. */
export const readKeysCommand = 'docker compose exec api node apps/api/dist/keys.js';

/**
 * The keys in force: the operator's, and for each that is not set one of 256 random bits that all services share. Several
 * services may start at once: whoever comes first generates.
 */
export async function ensureKeys(db: Queryable, configured: ConfiguredKeys, log: Logger): Promise<Keys> {
  const missing = keyNames.filter((name) => configured[name] === undefined);
  const generated = missing.length > 0 ? await generateKeys(db, missing) : new Map<string, string>();
  if (missing.length > 0)
    log.info({ keys: missing, command: readKeysCommand }, 'Keys that are not set were generated');
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
  const rows = await db.query<{ name: string; value: string }>(
    'select name, value from generated_keys order by name',
  );
  return new Map(rows.map(({ name, value }) => [name, value]));
}

async function generateKeys(db: Queryable, names: readonly KeyName[]): Promise<Map<string, string>> {
  const values = names.map(() => randomBytes(32).toString('base64url'));
  await db.query(
    'insert into generated_keys (name, value) select * from unnest($1::text[], $2::text[]) on conflict (name) do nothing',
    [names, values],
  );
  return readGeneratedKeys(db);
}

function raiseMissing(name: string): never {
  throw new Error(`${name} was generated and cannot be read back`);
}

/** Knows the keys at once where the operator set them all, else once the database was reached; tries until then. */
export function startKeyRing(
  db: Queryable,
  configured: ConfiguredKeys,
  log: Logger,
): KeyRing & AsyncDisposable {
  warnOfSameKeys(configured, log);
  const stopping = new AbortController();
  const allSet = keyNames.every((name) => configured[name] !== undefined);
  let keys = allSet ? composeKeys((name) => configured[name] ?? raiseMissing(name)) : undefined;
  const load = async (): Promise<void> => {
    keys = await ensureKeys(db, configured, log);
  };
  const loading = (
    allSet
      ? Promise.resolve()
      : retryForever(load, {
          signal: stopping.signal,
          baseMs: 200,
          maxMs: 3000,
          onError: (error, attempt) => {
            if (attempt === 1) log.warn({ err: error }, 'The keys cannot be read from the database yet');
          },
        })
  ).catch(() => {});
  return {
    current: () => keys,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await loading;
    },
  };
}

// One of them travels in URLs, another opens everything: whoever learns the first must not have the second.
function warnOfSameKeys(configured: ConfiguredKeys, log: Logger): void {
  const same = keyNames.filter((name) =>
    keyNames.some(
      (other) => other !== name && configured[name] !== undefined && configured[name] === configured[other],
    ),
  );
  if (same.length > 0) log.warn({ keys: same }, 'These keys have the same value; give each its own');
}
