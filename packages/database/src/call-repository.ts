import type { Queryable } from './database.ts';

/** Something that happened to a call. */
export interface CallTimelineEntry {
  /** ISO 8601, by the clock of the service that wrote it. */
  at: string;
  event: string;
  detail: string | null;
}

export interface CallRow {
  /** The provider's id of the call. */
  id: string;
  business_id: string;
  from_number: string | null;
  to_number: string | null;
  /** The provider's word: `ringing`, `in-progress`, `completed`, … */
  status: string;
  outcome: 'completed' | 'error' | 'rejected' | null;
  /** Why it ended as it did. */
  reason: string | null;
  started_at: Date;
  answered_at: Date | null;
  ended_at: Date | null;
  /** In the order of their times. */
  timeline: CallTimelineEntry[];
}

/**
 * Changes a call under its row's lock, and creates it where it is new: what is told of a call may arrive in any order and at
 * any replica. `change` returns the row as it shall be.
 */
export async function changeCall(
  tx: Queryable,
  initial: Pick<CallRow, 'id' | 'business_id' | 'status' | 'started_at'>,
  change: (current: CallRow) => CallRow,
): Promise<CallRow> {
  await tx.query(
    'insert into calls (id, business_id, status, started_at) values ($1, $2, $3, $4) on conflict (id) do nothing',
    [initial.id, initial.business_id, initial.status, initial.started_at],
  );
  const [current] = await tx.query<CallRow>(
    `select id, business_id, from_number, to_number, status, outcome, reason, started_at, answered_at, ended_at,
       timeline
     from calls where id = $1 for update`,
    [initial.id],
  );
  if (!current) throw new Error('the call was erased while it was changed');
  const next = change(current);
  await tx.query(
    `update calls set business_id = $2, from_number = $3, to_number = $4, status = $5, outcome = $6, reason = $7,
       started_at = $8, answered_at = $9, ended_at = $10, timeline = $11 where id = $1`,
    [
      current.id,
      next.business_id,
      next.from_number,
      next.to_number,
      next.status,
      next.outcome,
      next.reason,
      next.started_at,
      next.answered_at,
      next.ended_at,
      JSON.stringify(next.timeline),
    ],
  );
  if (next.business_id !== current.business_id)
    await tx.query('update recordings set business_id = $2 where call_id = $1', [
      current.id,
      next.business_id,
    ]);
  return next;
}

/** Calls that began before `before` and whose outcome nobody wrote down, the oldest first. */
export async function listOpenCalls(
  q: Queryable,
  { before, limit }: { before: Date; limit: number },
): Promise<Pick<CallRow, 'id' | 'status'>[]> {
  return q.query(
    'select id, status from calls where outcome is null and started_at < $1 order by started_at limit $2',
    [before, limit],
  );
}
