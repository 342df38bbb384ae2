import type { Queryable } from './database.ts';

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
