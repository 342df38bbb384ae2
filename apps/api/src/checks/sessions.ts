import type { KeyRing } from '@prosaas/http';
import { type CheckDefinition, CheckFailure } from '@prosaas/observability';
import { sessionStates } from '@prosaas/telemetry';
import { askService } from './service-request.ts';

export interface SessionStatus {
  id: string;
  status: string;
  reason: string | null;
}

export interface SessionSummary {
  status: 'pass' | 'warn' | 'fail';
  total: number;
  /** Sessions that should run. */
  wanted: number;
  working: number;
  /** How many do not work, by reason, or by state if there is no reason. */
  reasons: Record<string, number>;
}

/** Passes without sessions, warns if some do not work, and fails if none works. */
export function summarizeSessions(sessions: readonly SessionStatus[]): SessionSummary {
  const wanted = sessions.filter(({ status }) => status !== 'STOPPED');
  const working = wanted.filter(({ status }) => status === 'WORKING').length;
  const reasons: Record<string, number> = {};
  for (const { status, reason } of wanted) {
    if (status === 'WORKING') continue;
    const name = (reason ?? status).toLowerCase();
    reasons[name] = (reasons[name] ?? 0) + 1;
  }
  const status = working === wanted.length ? 'pass' : working > 0 ? 'warn' : 'fail';
  return { status, total: sessions.length, wanted: wanted.length, working, reasons };
}

/** Of 200 sessions each. Further sessions are not looked at. */
const MAX_PAGES = 10;

/** By state, with every state, also at 0. */
export type SessionCounts = Record<string, number>;

export function countSessions(sessions: readonly SessionStatus[]): SessionCounts {
  const counts: SessionCounts = Object.fromEntries(sessionStates.map((state) => [state, 0]));
  for (const { status } of sessions) if (Object.hasOwn(counts, status)) counts[status]! += 1;
  return counts;
}

/** The WhatsApp sessions of all replicas, as the baileys service lists them. */
export function sessionsCheck({
  url,
  keyRing,
  onCounted,
}: {
  url: string;
  keyRing: KeyRing;
  /** Called after each run; with undefined if the sessions could not be read. */
  onCounted: (counts: SessionCounts | undefined) => void;
}): CheckDefinition {
  return {
    name: 'sessions',
    componentType: 'component',
    async run(signal) {
      const secret = keyRing.current()?.internalSecret;
      if (secret === undefined) throw new CheckFailure('not_ready');
      const sessions = await readSessions(url, secret, signal).catch((error: unknown) => {
        onCounted(undefined);
        throw error;
      });
      onCounted(countSessions(sessions));
      const { status, ...facts } = summarizeSessions(sessions);
      const detail = { not_working: sessions.filter((session) => session.status !== 'WORKING') };
      if (status === 'fail') throw new CheckFailure('not_ready', { facts, detail });
      return status === 'warn' ? { status, reason: 'not_ready', facts, detail } : { facts };
    },
  };
}

async function readSessions(url: string, secret: string, signal: AbortSignal): Promise<SessionStatus[]> {
  const sessions: SessionStatus[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const path: string = `/api/sessions?limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page: SessionPage = await askService(url, path, isPage, {
      signal,
      headers: { 'x-internal-secret': secret },
    });
    sessions.push(...page.items.map(({ id, status, reason }) => ({ id, status, reason })));
    cursor = page.next_cursor;
    if (cursor === null) break;
  }
  return sessions;
}

interface SessionPage {
  items: SessionStatus[];
  next_cursor: string | null;
}

function isPage(body: unknown): body is SessionPage {
  return Array.isArray((body as { items?: unknown } | undefined)?.items);
}
