import type { Queryable } from '../database.ts';

export interface CallVersion {
  /** Calls that go on. */
  live: number;
  /** Another value says that lists of calls are to be read again. */
  changed: string;
}

/** Of each business the latest so many are looked at, and all that go on. */
const LOOKED_AT = 10;

/** Of one business or of all (undefined). Asks indexes alone, whatever the number of calls. */
export async function readCallVersion(q: Queryable, businessId: string | undefined): Promise<CallVersion> {
  const [row] = await q.query<CallVersion>(
    // xmin: another one after every change of the row.
    `with going_on as (
       select id, xmin::text as version from calls
       where outcome is null and ($1::text is null or business_id = $1)),
     latest as (
       select c.id, concat(c.xmin, ' ', (select count(*) from recordings r where r.call_id = c.id)) as version
       from businesses b cross join lateral (
         select id, xmin from calls where business_id = b.id order by started_at desc, id limit ${LOOKED_AT}) c
       where $1::text is null or b.id = $1)
     select (select count(*)::int from going_on) as live,
       md5(coalesce((select string_agg(concat_ws(' ', id, version), ',' order by id, version)
         from (select * from going_on union all select * from latest) seen), '')) as changed`,
    [businessId ?? null],
  );
  return row!;
}
