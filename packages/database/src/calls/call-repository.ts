import type { Queryable } from '../database.ts';
import { identitiesOf } from '../personal-data/contact-identities.ts';

/** An event of a call. */
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
  /** The provider's status: `ringing`, `in-progress`, `completed`, … */
  status: string;
  /** Null while it is going on. A rejected call that is answered after all has none again. */
  outcome: 'completed' | 'error' | 'rejected' | null;
  /** Why it ended this way. */
  reason: string | null;
  started_at: Date;
  answered_at: Date | null;
  ended_at: Date | null;
  /** In chronological order. */
  timeline: CallTimelineEntry[];
}

/**
 * Changes a call under its row lock, and creates it if it is new: events of a call may arrive in any order and at any replica. `change`
 * returns the new row.
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

/** Calls that began before `before` and have no outcome yet, the oldest first. */
export async function listOpenCalls(
  q: Queryable,
  { before, limit }: { before: Date; limit: number },
): Promise<Pick<CallRow, 'id' | 'status'>[]> {
  return q.query(
    'select id, status from calls where outcome is null and started_at < $1 order by started_at limit $2',
    [before, limit],
  );
}

/** A call as the lists and pages of calls show it. */
export interface ListedCall {
  id: string;
  business_id: string;
  from_number: string | null;
  to_number: string | null;
  status: string;
  outcome: 'completed' | 'error' | 'rejected' | null;
  reason: string | null;
  started_at: Date;
  answered_at: Date | null;
  ended_at: Date | null;
  /** What happened, in chronological order. */
  timeline: CallTimelineEntry[];
  recordings: RecordingSummary[];
  /** `started_at` in microseconds, which a Date cannot hold: for the next page's cursor. */
  position: string;
}

export interface RecordingSummary {
  id: string;
  media_type: string;
  duration_ms: number;
  created_at: string;
}

export interface RecordingAudio {
  id: string;
  media_type: string;
  duration_ms: number;
  audio: Buffer;
}

const COLUMNS = `calls.id, calls.business_id, from_number, to_number, status, outcome, reason,
  started_at, answered_at, ended_at, timeline, (extract(epoch from started_at) * 1000000)::bigint::text as position,
  coalesce((select json_agg(json_build_object('id', r.id, 'media_type', r.media_type,
      'duration_ms', r.duration_ms, 'created_at', r.created_at) order by r.created_at, r.id)
    from recordings r where r.call_id = calls.id), '[]') as recordings`;

/** The latest call first. `businessId` undefined: all businesses. */
export async function listCalls(
  db: Queryable,
  options: {
    businessId?: string | undefined;
    /** Phone numbers in digits, or SIP addresses as the calls store them. */
    callers?: readonly string[] | undefined;
    /** Only calls in progress, or only ended ones. */
    live?: boolean | undefined;
    /** How they ended. */
    outcomes?: readonly string[] | undefined;
    /** Start time, ISO 8601: `from` is inclusive, `before` exclusive. */
    from?: string | undefined;
    before?: string | undefined;
    after?: { position: string; id: string } | undefined;
    limit: number;
  },
): Promise<ListedCall[]> {
  const parameters: unknown[] = [options.limit];
  const conditions: string[] = [];
  const parameter = (value: unknown): string => `$${parameters.push(value)}`;

  if (options.businessId !== undefined) conditions.push(`business_id = ${parameter(options.businessId)}`);
  if (options.callers !== undefined) {
    const names = options.callers.flatMap((caller) =>
      /^\d+$/.test(caller) ? [caller, `+${caller}`] : [caller],
    );
    // For calls that came through a SIP gateway.
    const prefixes = names.filter((name) => /^\+?\d+$/.test(name)).map((name) => `sip:${name}@%`);
    conditions.push(
      `(from_number = any(${parameter(names)}::text[]) or from_number like any(${parameter(prefixes)}::text[]))`,
    );
  }
  if (options.live !== undefined) conditions.push(`outcome is ${options.live ? '' : 'not '}null`);
  if (options.outcomes !== undefined)
    conditions.push(`outcome = any(${parameter(options.outcomes)}::text[])`);
  if (options.from !== undefined) conditions.push(`started_at >= ${parameter(options.from)}::timestamptz`);
  if (options.before !== undefined) conditions.push(`started_at < ${parameter(options.before)}::timestamptz`);
  if (options.after !== undefined) {
    const position = `(timestamptz 'epoch' + ${parameter(options.after.position)}::bigint * interval '1 microsecond')`;
    const id = parameter(options.after.id);
    conditions.push(`started_at <= ${position} and (started_at < ${position} or id > ${id})`);
  }
  return db.query<ListedCall>(
    `select ${COLUMNS} from calls
     ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
     order by started_at desc, id
     limit $1`,
    parameters,
  );
}

/** The phone numbers of a conversation's contact, in digits; empty if only a LID is known, undefined if there is no such conversation. */
export async function findCallerNumbers(
  db: Queryable,
  id: string,
  businessId: string | undefined,
): Promise<string[] | undefined> {
  const [row] = await db.query<{ contact: string; alternate_contact: string | null }>(
    `select contact, alternate_contact from conversations where id = $1 and ($2::text is null or business_id = $2)`,
    [id, businessId ?? null],
  );
  return row && [row.contact, row.alternate_contact ?? row.contact].flatMap(phoneNumberOf);
}

const phoneNumberOf = (name: string): string[] =>
  identitiesOf(name).flatMap((identity) => /^tel:(.+)$/.exec(identity)?.[1] ?? []);

export async function findCall(
  db: Queryable,
  id: string,
  businessId: string | undefined,
): Promise<ListedCall | undefined> {
  const rows = await db.query<ListedCall>(
    `select ${COLUMNS} from calls where id = $1 and ($2::text is null or business_id = $2)`,
    [id, businessId ?? null],
  );
  return rows[0];
}

/** A recording with its audio; undefined if it belongs to another call or business. */
export async function findRecordingAudio(
  db: Queryable,
  options: { callId: string; id: string; businessId: string | undefined },
): Promise<RecordingAudio | undefined> {
  const rows = await db.query<RecordingAudio>(
    `select id, media_type, duration_ms, audio from recordings
      where id = $1 and call_id = $2 and ($3::text is null or business_id = $3)`,
    [options.id, options.callId, options.businessId ?? null],
  );
  return rows[0];
}
