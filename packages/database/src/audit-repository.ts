import type { Queryable } from './database.ts';

/** One use of the admin key. `target` names a record, never a query string or a body. */
export interface AuditEntry {
  /** How long ago it was used; 0 where that is not said. */
  secondsAgo?: number;
  role: string;
  action: string;
  target?: string | null;
  requestId?: string | null;
}

export interface AuditRow {
  id: string;
  at: Date;
  role: string;
  action: string;
  target: string | null;
  request_id: string | null;
}

export async function recordAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  await db.query(
    `insert into audit_log (at, role, action, target, request_id)
     values (now() - coalesce($1::float8, 0) * interval '1 second', $2, $3, $4, $5)`,
    [entry.secondsAgo, entry.role, entry.action, entry.target?.replaceAll('\0', '\ufffd'), entry.requestId],
  );
}

/** Newest first; `before` is the id of the last row of the page before. */
export async function listAudit(
  db: Queryable,
  options: { before?: string | undefined; limit: number },
): Promise<AuditRow[]> {
  return db.query<AuditRow>(
    `select id::text as id, at, role, action, target, request_id
       from audit_log
      where $1::bigint is null or id < $1::bigint
      order by audit_log.id desc
      limit $2`,
    [options.before ?? null, options.limit],
  );
}
