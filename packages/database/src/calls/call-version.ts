import type { Queryable } from '../database.ts';

export interface CallVersion {
  /** Calls in progress. */
  live: number;
  /** Changes whenever a list of calls has changed. */
  changed: string;
}

/** The version covers the calls in progress and this many of the latest calls of each business. */
const LATEST_CALLS = 10;

/** Of one business or of all (undefined). Reads only indexes, whatever the number of calls. */
export async function readCallVersion(q: Queryable, businessId: string | undefined): Promise<CallVersion> {
  const [row] = await q.query<CallVersion>(
    // xmin changes with every change of the row.
    `with going_on as (
       select id, xmin::text as version from calls
       where outcome is null and ($1::text is null or business_id = $1)),
     latest as (
       select c.id, concat(c.xmin, ' ', (select count(*) from recordings r where r.call_id = c.id)) as version
       from businesses b cross join lateral (
         select id, xmin from calls where business_id = b.id order by started_at desc, id limit ${LATEST_CALLS}) c
       where $1::text is null or b.id = $1)
     select (select count(*)::int from going_on) as live,
       md5(coalesce((select string_agg(concat_ws(' ', id, version), ',' order by id, version)
         from (select * from going_on union all select * from latest) seen), '')) as changed`,
    [businessId ?? null],
  );
  return row!;
}
