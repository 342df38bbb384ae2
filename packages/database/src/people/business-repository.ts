import type { Queryable } from '../database.ts';

/** Exists from the first migration, so that one business needs no set-up. */
export const DEFAULT_BUSINESS_ID = 'default';

export interface BusinessRow {
  id: string;
  name: string;
  /** IANA name; times are stored in UTC and shown in this zone. */
  time_zone: string;
}

export async function findBusiness(q: Queryable, id: string): Promise<BusinessRow | undefined> {
  const [row] = await q.query<BusinessRow>('select id, name, time_zone from businesses where id = $1', [id]);
  return row;
}

/**
 * Writes the profile's settings to every business: after how many idle minutes a person's takeover of a chat ends, and the IANA time
 * zone of the opening hours.
 */
export async function setBusinessProfile(
  q: Queryable,
  { personMinutes, timeZone }: { personMinutes: number; timeZone: string },
): Promise<void> {
  await q.query(
    'update businesses set person_minutes = $1, time_zone = $2 where (person_minutes, time_zone) <> ($1, $2)',
    [personMinutes, timeZone],
  );
}

/** In the order of ids; `after` is the last id of the previous page. `businessId` undefined: all businesses. */
export async function listBusinesses(
  db: Queryable,
  options: { businessId?: string | undefined; after?: string | undefined; limit: number },
): Promise<BusinessRow[]> {
  return db.query<BusinessRow>(
    `select id, name, time_zone from businesses
      where ($1::text is null or id = $1) and ($2::text is null or id > $2)
      order by id limit $3`,
    [options.businessId ?? null, options.after ?? null, options.limit],
  );
}
