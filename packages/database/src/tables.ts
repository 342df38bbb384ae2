import type { Queryable } from './database.ts';

/** Does not name the table in the statement: a missing one would be an error in PostgreSQL's own log. */
export async function hasTable(db: Queryable, name: string): Promise<boolean> {
  const [row] = await db.query<{ found: boolean }>('select to_regclass($1) is not null as found', [name]);
  return row?.found === true;
}

/** For code that may run before the migrations and is retried. */
export async function requireTable(db: Queryable, name: string): Promise<void> {
  if (!(await hasTable(db, name))) throw new Error(`the table ${name} does not exist yet`);
}
