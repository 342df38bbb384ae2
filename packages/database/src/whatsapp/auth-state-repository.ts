import { AppError } from '@prosaas/runtime';
import type { Queryable } from '../database.ts';
import { giveUpResends } from './delivery-repository.ts';

/** Another owner has claimed the session's auth state since. The caller must stop using the session. */
export class StaleOwner extends AppError {
  override code = 'STALE_OWNER';
  override status = 409;

  constructor(sessionId: string) {
    super(`the WhatsApp session ${sessionId} has another owner, or is deleted`);
  }
}

export interface ClaimedAuthState {
  /** JSON text as it was saved; null for a session that was never paired. */
  credentials: string | null;
  hasKeys: boolean;
  /** Token of the previous owner; equal to the caller's own token if nobody else has claimed the state since. */
  previousFence: bigint;
}

/** Makes `fence` the current fencing token: from now on, writes with another token fail. @throws StaleOwner for an older token */
export async function claimAuthState(
  tx: Queryable,
  sessionId: string,
  fence: bigint,
): Promise<ClaimedAuthState> {
  await tx.query(
    `insert into whatsapp_credentials (session_id, value, fence)
     select id, 'null', 0 from whatsapp_sessions where id = $1
     on conflict (session_id) do nothing`,
    [sessionId],
  );
  const [row] = await tx.query<{ value: string; fence: string; has_keys: boolean }>(
    `select value::text as value, fence::text as fence,
       exists (select 1 from whatsapp_keys k where k.session_id = c.session_id) as has_keys
     from whatsapp_credentials c where session_id = $1 for update`,
    [sessionId],
  );
  if (!row || BigInt(row.fence) > fence) throw new StaleOwner(sessionId);
  await tx.query('update whatsapp_credentials set fence = $2 where session_id = $1', [
    sessionId,
    fence.toString(),
  ]);
  const credentials = row.value === 'null' ? null : row.value;
  return { credentials, hasKeys: row.has_keys, previousFence: BigInt(row.fence) };
}

/** @param value JSON text. @throws StaleOwner */
export async function saveCredentials(
  q: Queryable,
  sessionId: string,
  fence: bigint,
  value: string,
): Promise<void> {
  const rows = await q.query(
    `update whatsapp_credentials set value = $3::jsonb, updated_at = now()
     where session_id = $1 and fence = $2 returning session_id`,
    [sessionId, fence.toString(), value],
  );
  if (rows.length === 0) throw new StaleOwner(sessionId);
}

export interface KeyWrite {
  type: string;
  id: string;
  /** JSON text; null deletes. */
  value: string | null;
}

/** Writes all keys or none, in one statement. @throws StaleOwner */
export async function writeAuthKeys(
  q: Queryable,
  sessionId: string,
  fence: bigint,
  writes: readonly KeyWrite[],
): Promise<void> {
  const [row] = await q.query<{ owned: boolean }>(
    `with owner as materialized (
       select session_id from whatsapp_credentials where session_id = $1 and fence = $2 for share
     ), written as materialized (
       select * from unnest($3::text[], $4::text[], $5::text[]) as w (type, id, value)
     ), gone as (
       delete from whatsapp_keys k using owner, written w
       where k.session_id = owner.session_id and k.type = w.type and k.id = w.id and w.value is null
     ), put as (
       insert into whatsapp_keys (session_id, type, id, value)
       select owner.session_id, w.type, w.id, w.value::jsonb from owner, written w where w.value is not null
       on conflict (session_id, type, id) do update set value = excluded.value
     )
     select exists (select 1 from owner) as owned`,
    [
      sessionId,
      fence.toString(),
      writes.map((write) => write.type),
      writes.map((write) => write.id),
      writes.map((write) => write.value),
    ],
  );
  if (!row?.owned) throw new StaleOwner(sessionId);
}

/** Values as JSON text. */
export async function readAuthKeys(
  q: Queryable,
  sessionId: string,
  type: string,
  ids: readonly string[],
): Promise<{ id: string; value: string }[]> {
  return q.query<{ id: string; value: string }>(
    'select id, value::text as value from whatsapp_keys where session_id = $1 and type = $2 and id = any($3)',
    [sessionId, type, ids],
  );
}

const ACCOUNT_GONE =
  "The recipient's phone could not decrypt it, and the session was logged out before it could be sent again.";

/** Deletes the pairing: the next start shows a QR code, and another number may scan it. @throws StaleOwner */
export async function clearAuthState(tx: Queryable, sessionId: string, fence: bigint): Promise<void> {
  await saveCredentials(tx, sessionId, fence, 'null');
  await tx.query('delete from whatsapp_keys where session_id = $1', [sessionId]);
  await giveUpResends(tx, sessionId, ACCOUNT_GONE);
  await tx.query('update whatsapp_sessions set phone_number = null, lid = null where id = $1', [sessionId]);
}
