import type { StripChange } from '../../kit/strip.tsx';
import { liveValue } from '../../lib/live.ts';
import { statusOf } from '../../lib/session-text.ts';

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

/** Changes when sessions have to be read again. The checks cover changes that are not recorded, as when the service is away. */
export function sessionsVersion(): string {
  const checks = (liveValue('health') ?? []).filter(({ name }) => name === 'sessions' || name === 'baileys');
  const states = checks.map(({ status, since, facts }) => `${status} ${since} ${JSON.stringify(facts)}`);
  return [liveValue('sessions')?.changed, ...states].join(' ');
}

export const stripOf = ({ changes }: Pick<Session, 'changes'>): StripChange[] =>
  changes.map(({ at, status, reason }) => ({ at: Date.parse(at), ...statusOf(status, reason) }));

export const numberText = (number: string | null): string =>
  number === null ? 'no number yet' : `+${number}`;
