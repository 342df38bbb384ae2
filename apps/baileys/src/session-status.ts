import type { Restriction } from './restriction.ts';

/** Named as in other WhatsApp gateways. */
export type SessionState = 'STOPPED' | 'STARTING' | 'SCAN_QR_CODE' | 'WORKING' | 'FAILED';

export interface SessionStatus {
  status: SessionState;
  /** A short code: why the session is not working, or a warning although it works. */
  reason: string | null;
  since: Date;
  lastInboundAt: Date | null;
  /** Why the account may start no chats for now; empty if it may. */
  restrictions: readonly Restriction[];
}

/** The status that the owner of a session publishes in Redis for the other replicas. */
export interface PublishedStatus {
  status: SessionState;
  reason: string | null;
  since: string;
  last_inbound_at: string | null;
  /** Until when the account may start no chats. Null if it may, or if WhatsApp did not say until when. */
  restricted_until: string | null;
}

export function publishedStatus({
  status,
  reason,
  since,
  lastInboundAt,
  restrictions: [restriction],
}: SessionStatus): PublishedStatus {
  return {
    status,
    reason,
    since: since.toISOString(),
    last_inbound_at: lastInboundAt?.toISOString() ?? null,
    restricted_until: restriction?.until?.toISOString() ?? null,
  };
}

interface SessionRecord {
  wanted: 'started' | 'stopped';
  last_error: string | null;
  last_error_at: Date | null;
  last_inbound_at: Date | null;
  created_at: Date;
}

/** The status of a session that has no owner. */
export function unownedStatus(row: SessionRecord): PublishedStatus {
  const last_inbound_at = row.last_inbound_at?.toISOString() ?? null;
  const rest = { last_inbound_at, restricted_until: null };
  const since = (row.last_error_at ?? row.created_at).toISOString();
  if (row.last_error !== null) return { status: 'FAILED', reason: row.last_error, since, ...rest };
  if (row.wanted === 'stopped') return { status: 'STOPPED', reason: null, since, ...rest };
  return { status: 'STARTING', reason: 'no_owner', since, ...rest };
}
