import { DEFAULT_BUSINESS_ID } from '../people/business-repository.ts';
import type { Queryable } from '../database.ts';

export interface PhoneNumberRow {
  /** E.164: `+15550199000`. */
  number: string;
  business_id: string;
}

/** The business that has a phone number; the default business if nobody has it. */
export async function businessOfNumber(q: Queryable, number: string): Promise<string> {
  const [row] = await q.query<PhoneNumberRow>('select business_id from phone_numbers where number = $1', [
    number,
  ]);
  return row?.business_id ?? DEFAULT_BUSINESS_ID;
}

/** Assigns a number to a business, even if another one has it. Undefined if the business does not exist. */
export async function assignNumber(
  q: Queryable,
  { number, businessId }: { number: string; businessId: string },
): Promise<PhoneNumberRow | undefined> {
  const [row] = await q.query<PhoneNumberRow>(
    `insert into phone_numbers (number, business_id) select $1, id from businesses where id = $2
     on conflict (number) do update set business_id = excluded.business_id
     returning number, business_id`,
    [number, businessId],
  );
  return row;
}

/** False if nobody had it. */
export async function removeNumber(q: Queryable, number: string): Promise<boolean> {
  const rows = await q.query('delete from phone_numbers where number = $1 returning number', [number]);
  return rows.length > 0;
}

/** In ascending order; `after` is the last number of the previous page. `businessId` undefined: all businesses. */
export async function listNumbers(
  q: Queryable,
  options: { businessId?: string | undefined; after?: string | undefined; limit: number },
): Promise<PhoneNumberRow[]> {
  return q.query<PhoneNumberRow>(
    `select number, business_id from phone_numbers
      where ($1::text is null or business_id = $1) and ($2::text is null or number > $2)
      order by number limit $3`,
    [options.businessId ?? null, options.after ?? null, options.limit],
  );
}
