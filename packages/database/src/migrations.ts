import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Queryable } from './database.ts';
import { hasTable } from './tables.ts';

/** The folder of the SQL files; the same path relative to `src` and to `dist`. */
export const migrationsDirectory: string = fileURLToPath(new URL('../migrations', import.meta.url));
export const migrationsTable = 'schema_migrations';

let names: readonly string[] | undefined;

/** The migrations of this build, in order. */
export function knownMigrations(): readonly string[] {
  names ??= readdirSync(migrationsDirectory)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .toSorted();
  return names;
}

export interface MigrationStatus {
  applied: string[];
  pending: string[];
  /** Applied by a newer build: a rolling upgrade is under way. */
  unknown: string[];
}

export async function migrationStatus(db: Queryable): Promise<MigrationStatus> {
  return compareMigrations(knownMigrations(), await appliedMigrations(db));
}

export function compareMigrations(known: readonly string[], applied: readonly string[]): MigrationStatus {
  return {
    applied: known.filter((name) => applied.includes(name)),
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

async function appliedMigrations(db: Queryable): Promise<string[]> {
  if (!(await hasTable(db, `public.${migrationsTable}`))) return [];
  const rows = await db.query<{ name: string }>(`select name from public.${migrationsTable} order by id`);
  return rows.map(({ name }) => name);
}

/** The text of a file in the migrations folder. */
export function readMigrationAsset(file: string): string {
  return readFileSync(`${migrationsDirectory}/${file}`, 'utf8');
}
