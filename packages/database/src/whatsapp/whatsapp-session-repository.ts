import type { Queryable } from '../database.ts';

export interface WhatsAppSessionRow {
  id: string;
  business_id: string;
  /** The desired state. The replica that owns the session knows the actual one. */
  wanted: 'started' | 'stopped';
  phone_number: string | null;
  lid: string | null;
  /** Why it was stopped until somebody starts it again; null while it may run. */
  last_error: string | null;
  last_error_at: Date | null;
  last_inbound_at: Date | null;
  created_at: Date;
}

const COLUMNS = `id, business_id, wanted, phone_number, lid, last_error, last_error_at, last_inbound_at, created_at`;

/** Undefined if the id is taken. */
export async function createSession(
  q: Queryable,
  session: { id: string; businessId: string; wanted: 'started' | 'stopped' },
): Promise<WhatsAppSessionRow | undefined> {
  const [row] = await q.query<WhatsAppSessionRow>(
    `insert into whatsapp_sessions (id, business_id, wanted) values ($1, $2, $3)
     on conflict (id) do nothing returning ${COLUMNS}`,
    [session.id, session.businessId, session.wanted],
  );
  return row;
}

export async function findSession(q: Queryable, id: string): Promise<WhatsAppSessionRow | undefined> {
  const [row] = await q.query<WhatsAppSessionRow>(`select ${COLUMNS} from whatsapp_sessions where id = $1`, [
    id,
  ]);
  return row;
}

/** In the order of ids; `after` is the last id of the previous page. `businessId` undefined: all businesses. */
export async function listSessions(
  q: Queryable,
  options: { businessId?: string | undefined; after?: string | undefined; limit: number },
): Promise<WhatsAppSessionRow[]> {
  return q.query<WhatsAppSessionRow>(
    `select ${COLUMNS} from whatsapp_sessions
     where ($1::text is null or business_id = $1) and ($2::text is null or id > $2)
     order by id limit $3`,
    [options.businessId ?? null, options.after ?? null, options.limit],
  );
}

/** The sessions that a replica should run. */
export async function listRunnableSessions(q: Queryable): Promise<WhatsAppSessionRow[]> {
  return q.query<WhatsAppSessionRow>(
    `select ${COLUMNS} from whatsapp_sessions where wanted = 'started' and last_error is null order by id`,
  );
}

/** Sets the desired state and clears an earlier failure. */
export async function setSessionWanted(
  q: Queryable,
  id: string,
  wanted: 'started' | 'stopped',
): Promise<WhatsAppSessionRow | undefined> {
  const [row] = await q.query<WhatsAppSessionRow>(
    `update whatsapp_sessions set wanted = $2, last_error = null, last_error_at = null where id = $1
     returning ${COLUMNS}`,
    [id, wanted],
  );
  return row;
}

/** Stops the session for `reason`, until somebody starts it again. */
export async function failSession(q: Queryable, id: string, reason: string): Promise<void> {
  await q.query('update whatsapp_sessions set last_error = $2, last_error_at = now() where id = $1', [
    id,
    reason,
  ]);
}

export async function setSessionAccount(
  q: Queryable,
  id: string,
  account: { phoneNumber: string | null; lid: string | null },
): Promise<void> {
  await q.query(
    `update whatsapp_sessions set phone_number = $2, lid = $3
     where id = $1 and (phone_number is distinct from $2 or lid is distinct from $3)`,
    [id, account.phoneNumber, account.lid],
  );
}

export async function touchSessionInbound(q: Queryable, id: string, at: Date): Promise<void> {
  await q.query(
    'update whatsapp_sessions set last_inbound_at = greatest(last_inbound_at, $2) where id = $1',
    [id, at],
  );
}

/** Deletes a session with its auth state and its sends. Conversations and messages stay. */
export async function deleteSession(q: Queryable, id: string): Promise<boolean> {
  const rows = await q.query('delete from whatsapp_sessions where id = $1 returning id', [id]);
  return rows.length === 1;
}
