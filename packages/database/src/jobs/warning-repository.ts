import type { Queryable } from '../database.ts';

/** Notes whether something is so, and tells for how long it has been: undefined while it is not. */
export async function trackWarning(
  tx: Queryable,
  { name, isSo }: { name: string; isSo: boolean },
): Promise<number | undefined> {
  if (!isSo) {
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
