import type { Queryable } from '../database.ts';

/** One use of a key. `target` names a record, never a query string or a body. */
export interface AuditEntry {
  /** Age of the entry; default 0. */
  secondsAgo?: number;
  role: string;
  action: string;
  target?: string | null;
  requestId?: string | null;
  /** Owner of the key, if it was a person's own. */
  person?: { id: string; name: string } | undefined;
  /** Where the request came from. */
  address?: string;
}

export interface AuditRow {
  id: string;
  at: Date;
  role: string;
  action: string;
  target: string | null;
  request_id: string | null;
  person_id: string | null;
  /** The person's name at that time. */
  person_name: string | null;
  address: string | null;
}

export async function recordAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  await db.query(
    `insert into audit_log (at, role, action, target, request_id, person_id, person_name, address)
     values (now() - coalesce($1::float8, 0) * interval '1 second', $2, $3, $4, $5, $6, $7, $8)`,
    [
      entry.secondsAgo,
      entry.role,
      entry.action,
      entry.target?.replaceAll('\0', '\ufffd'),
      entry.requestId,
      entry.person?.id,
      entry.person?.name,
      entry.address,
    ],
  );
}

/** Newest first, of everyone or of one person; `before` is the id of the previous page's last row. */
export async function listAudit(
  db: Queryable,
  options: { before?: string | undefined; personId?: string | undefined; limit: number },
): Promise<AuditRow[]> {
  return db.query<AuditRow>(
    `select id::text as id, at, role, action, target, request_id, person_id, person_name, address
       from audit_log
      where ($1::bigint is null or id < $1::bigint) and ($2::uuid is null or person_id = $2)
      order by audit_log.id desc
      limit $3`,
    [options.before ?? null, options.personId ?? null, options.limit],
  );
}
