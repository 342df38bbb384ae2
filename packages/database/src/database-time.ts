import type { Queryable } from './database.ts';

/** PostgreSQL's time, to compute the age of rows with PostgreSQL's timestamps. */
export async function databaseTime(q: Queryable): Promise<Date> {
  const [row] = await q.query<{ now: Date }>('select clock_timestamp() as now');
  if (!row) throw new Error('PostgreSQL returned no time');
  return row.now;
}
