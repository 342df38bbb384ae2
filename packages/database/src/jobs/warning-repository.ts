import type { Queryable } from '../database.ts';

/** Records whether a condition holds. Returns for how many seconds it has held; undefined while it does not. */
export async function trackWarning(
  tx: Queryable,
  { name, isActive }: { name: string; isActive: boolean },
): Promise<number | undefined> {
  if (!isActive) {
    await tx.query('delete from warnings where name = $1', [name]);
    return undefined;
  }
  const [row] = await tx.query<{ seconds: number }>(
    `insert into warnings as known (name) values ($1)
     on conflict (name) do update set since = least(known.since, now())
     returning extract(epoch from now() - since)::float8 as seconds`,
    [name],
  );
  return row?.seconds;
}
