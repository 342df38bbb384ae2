import type { StripChange } from '../../kit/strip.tsx';
import { liveValue } from '../../lib/live.ts';
import { statusOf } from '../../lib/session-words.ts';

/** GET /api/sessions */
export interface Session {
  id: string;
  business_id: string;
  wanted: string;
  status: string;
  reason: string | null;
  detail: string | null;
  since: string | null;
  last_inbound_at: string | null;
  last_outbound_at: string | null;
  restricted_until: string | null;
  phone_number: string | null;
  created_at: string;
  waiting: number;
  changes: { at: string; status: string; reason: string | null }[];
}

export const pathOf = (id: string): string => `api/sessions/${encodeURIComponent(id)}`;

/** Another value: sessions are to be read again. The checks tell of what nobody writes down, as when their service is away. */
export function sessionsVersion(): string {
  const checks = (liveValue('health') ?? []).filter(({ name }) => name === 'sessions' || name === 'baileys');
  const told = checks.map(({ status, since, facts }) => `${status} ${since} ${JSON.stringify(facts)}`);
  return [liveValue('sessions')?.changed, ...told].join(' ');
}

export const stripOf = ({ changes }: Pick<Session, 'changes'>): StripChange[] =>
  changes.map(({ at, status, reason }) => ({ at: Date.parse(at), ...statusOf(status, reason) }));

export const numberText = (number: string | null): string =>
  number === null ? 'no number yet' : `+${number}`;
