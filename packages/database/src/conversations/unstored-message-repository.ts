import type { Queryable } from '../database.ts';

/**
 * quarantined: refused by PostgreSQL or unreadable, kept as it came. pending: acknowledged to WhatsApp before its content arrived.
 * expired: pending for too long.
 */
export type UnstoredStatus = 'quarantined' | 'pending' | 'expired';

/** A message that WhatsApp delivered and that is not among the messages. */
export interface UnstoredMessageRow {
  id: string;
  business_id: string;
  session_id: string;
  contact: string;
  alternate_contact: string | null;
  external_id: string;
  status: UnstoredStatus;
  reason: string;
  /** How often an operator has tried to store it. */
  retries: number;
  received_at: Date;
}

export interface UnstoredInput {
  businessId: string;
  sessionId: string;
  contact: string;
  altContact?: string | undefined;
  externalId: string;
  reason: string;
}

const COLUMNS = `id, business_id, session_id, contact, alternate_contact, external_id, status, reason, retries, received_at`;

/** A longer name would not fit into the index. */
const NAME_LENGTH = 300;
const REASON_LENGTH = 500;

/** Makes any text storable: PostgreSQL accepts no NUL and no lone surrogate. */
function storable(text: string, length = NAME_LENGTH): string {
  return text.replaceAll('\0', '\u{FFFD}').slice(0, length).toWellFormed();
}

function insertParams(input: UnstoredInput): [string, string, string, string | null, string, string] {
  return [
    input.businessId,
    input.sessionId,
    storable(input.contact),
    input.altContact === undefined ? null : storable(input.altContact),
    storable(input.externalId),
    storable(input.reason, REASON_LENGTH),
  ];
}

/** Stores a message that cannot be stored otherwise, as received, and deletes its placeholder. False if it is quarantined already. */
export async function quarantineMessage(
  tx: Queryable,
  input: UnstoredInput & { raw: Uint8Array },
): Promise<boolean> {
  const rows = await tx.query(
    `insert into unstored_messages as u
       (business_id, session_id, contact, alternate_contact, external_id, reason, status, raw)
     values ($1, $2, $3, $4, $5, $6, 'quarantined', $7)
     on conflict (session_id, external_id, contact)
       do update set status = excluded.status, reason = excluded.reason, raw = excluded.raw
       where u.status <> 'quarantined'
     returning 1`,
    [...insertParams(input), input.raw],
  );
  // The placeholder may be stored under another name of the contact.
  await deletePlaceholder(tx, input);
  return rows.length > 0;
}

/** Adds a placeholder for a message whose content is still to come. False if the message or its placeholder exists already. */
export async function addPlaceholder(q: Queryable, input: UnstoredInput): Promise<boolean> {
  const rows = await q.query(
    `insert into unstored_messages
       (business_id, session_id, contact, alternate_contact, external_id, reason, status)
     select $1, $2, $3, $4, $5, $6, 'pending'
     where not exists (
       select from conversations c join messages m on m.conversation_id = c.id
       where c.business_id = $1 and c.session_id = $2
         and (c.contact in ($3, $4) or c.alternate_contact in ($3, $4))
         and m.session_id = $2 and m.direction = 'inbound' and m.external_id = $5)
     on conflict (session_id, external_id, contact) do nothing
     returning 1`,
    insertParams(input),
  );
  return rows.length > 0;
}

/** Deletes the placeholder of a message that turned out not to be a person's message. */
export async function deletePlaceholder(
  q: Queryable,
  input: Pick<UnstoredInput, 'sessionId' | 'contact' | 'altContact' | 'externalId'>,
): Promise<void> {
  await q.query(`delete from unstored_messages where ${placeholderCondition(1)}`, placeholderParams(input));
}

/** SQL condition for the placeholders of one message; its four parameters from `$first` on are `placeholderParams`. */
export function placeholderCondition(first: number): string {
  const [session, external, contact, alternate] = [first, first + 1, first + 2, first + 3];
  return `session_id = $${session} and external_id = $${external} and status <> 'quarantined'
    and (contact in ($${contact}, $${alternate}) or alternate_contact in ($${contact}, $${alternate}))`;
}

export function placeholderParams(
  input: Pick<UnstoredInput, 'sessionId' | 'contact' | 'altContact' | 'externalId'>,
): unknown[] {
  const { sessionId, externalId, contact, altContact } = input;
  return [
    sessionId,
    storable(externalId),
    storable(contact),
    altContact === undefined ? null : storable(altContact),
  ];
}

/** Newest first; `after` is the last row of the previous page. */
export async function listUnstoredMessages(
  q: Queryable,
  options: {
    businessId?: string | undefined;
    sessionId?: string | undefined;
    status?: UnstoredStatus | undefined;
    after?: { receivedAt: Date; id: string } | undefined;
    limit: number;
  },
): Promise<UnstoredMessageRow[]> {
  const { businessId, sessionId, status, after, limit } = options;
  return q.query<UnstoredMessageRow>(
    `select ${COLUMNS} from unstored_messages
     where ($1::text is null or business_id = $1) and ($2::text is null or session_id = $2)
       and ($3::text is null or status = $3)
       and ($4::timestamptz is null or (received_at, id) < ($4, $5::uuid))
     order by received_at desc, id desc limit $6`,
    [
      businessId ?? null,
      sessionId ?? null,
      status ?? null,
      after?.receivedAt ?? null,
      after?.id ?? null,
      limit,
    ],
  );
}

/** With the received bytes; locked until the transaction ends. */
export async function lockUnstoredMessage(
  tx: Queryable,
  id: string,
): Promise<(UnstoredMessageRow & { raw: Buffer | null }) | undefined> {
  const [row] = await tx.query<UnstoredMessageRow & { raw: Buffer | null }>(
    `select ${COLUMNS}, raw from unstored_messages where id = $1 for update`,
    [id],
  );
  return row;
}

export async function deleteUnstoredMessage(tx: Queryable, id: string): Promise<void> {
  await tx.query('delete from unstored_messages where id = $1', [id]);
}

/** Records an operator's retry that failed. */
export async function recordFailedRetry(q: Queryable, id: string, reason: string): Promise<void> {
  await q.query('update unstored_messages set retries = retries + 1, reason = $2 where id = $1', [
    id,
    storable(reason, REASON_LENGTH),
  ]);
}

/**
 * Expires placeholders that have been pending since before `before`, and returns how many. Content that arrives later is still stored.
 * Deletes placeholders of messages that were stored by an older version, without placeholders, during a rolling upgrade.
 */
export async function expirePlaceholders(q: Queryable, before: Date): Promise<number> {
  await q.query(
    `delete from unstored_messages u
     where u.status = 'pending' and u.received_at < $1 and exists (
       select from conversations c join messages m on m.conversation_id = c.id
       where c.business_id = u.business_id and c.session_id = u.session_id
         and (c.contact in (u.contact, u.alternate_contact) or c.alternate_contact in (u.contact, u.alternate_contact))
         and m.session_id = u.session_id and m.direction = 'inbound' and m.external_id = u.external_id)`,
    [before],
  );
  const rows = await q.query(
    `update unstored_messages set status = 'expired', reason = 'content_never_arrived (' || reason || ')'
     where status = 'pending' and received_at < $1 returning 1`,
    [before],
  );
  return rows.length;
}

export async function countUnstoredMessages(q: Queryable): Promise<Record<UnstoredStatus, number>> {
  const rows = await q.query<{ status: UnstoredStatus; n: number }>(
    'select status, count(*)::int as n from unstored_messages group by status',
  );
  const counts = { quarantined: 0, pending: 0, expired: 0 };
  for (const { status, n } of rows) counts[status] = n;
  return counts;
}

/** Deletes a batch of messages that were received before `before`. Returns the count. */
export async function deleteOldUnstoredMessages(q: Queryable, before: Date, limit: number): Promise<number> {
  const rows = await q.query(
    `delete from unstored_messages where id in (
       select id from unstored_messages where received_at < $1 limit $2)
     returning 1`,
    [before, limit],
  );
  return rows.length;
}
