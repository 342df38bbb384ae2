import type { Queryable } from './database.ts';
import { readMigrationAsset } from './migrations.ts';
import { type Column, type Index, type Schema, readSchema } from './schema.ts';

export const snapshotFile = 'schema-snapshot.json';

let expected: Schema | undefined;

/** Differences between the database and the schema of this build's migrations. Additions of a newer build do not count. */
export async function schemaDrift(db: Queryable): Promise<string[]> {
  expected ??= JSON.parse(readMigrationAsset(snapshotFile)) as Schema;
  return compareSchemas(expected, await readSchema(db));
}

export function compareSchemas(wanted: Schema, found: Schema): string[] {
  return [
    ...Object.entries(wanted.tables).flatMap(([table, columns]) =>
      compareTable(table, columns, found.tables[table]),
    ),
    ...Object.entries(wanted.indexes)
      .filter(([, { table }]) => found.tables[table] !== undefined)
      .flatMap(([name, index]) => compareIndex(name, index, found.indexes[name])),
  ];
}

function compareTable(
  table: string,
  wanted: Record<string, Column>,
  found?: Record<string, Column>,
): string[] {
  if (found === undefined) return [`table ${table} is missing`];
  return Object.entries(wanted).flatMap(([name, column]) => {
    const actual = found[name];
    if (actual === undefined) return [`column ${table}.${name} is missing`];
    if (actual.type !== column.type) return [`column ${table}.${name} is ${actual.type}, not ${column.type}`];
    if (actual.nullable === column.nullable) return [];
    return [`column ${table}.${name} ${actual.nullable ? 'may' : 'must not'} be null`];
  });
}

function compareIndex(name: string, wanted: Index, found: Index | undefined): string[] {
  if (found === undefined) return [`index ${name} is missing`];
  const same =
    found.table === wanted.table &&
    found.unique === wanted.unique &&
    found.keys.join() === wanted.keys.join() &&
    found.where === wanted.where;
  return same ? [] : [`index ${name} is different`];
}
