import type { Queryable } from './database.ts';

/** Asks without naming the table in the statement: one that is not there would be an error in PostgreSQL's own log. */
export async function hasTable(db: Queryable, name: string): Promise<boolean> {
  const [row] = await db.query<{ found: boolean }>('select to_regclass($1) is not null as found', [name]);
  return row?.found === true;
}

/** For what runs before the migrations are applied, and is tried again. */
export async function requireTable(db: Queryable, name: string): Promise<void> {
  if (!(await hasTable(db, name))) throw new Error(`the table ${name} is not there yet`);
}
