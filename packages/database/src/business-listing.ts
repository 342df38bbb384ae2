import type { BusinessRow } from './business-repository.ts';
import type { Queryable } from './database.ts';

/** By id; `after` is the last id of the page before. `businessId` undefined is every business. */
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
