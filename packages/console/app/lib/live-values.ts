import type { Check } from './checks.ts';

/** The values that the api pushes, by name: apps/api/src/console/live-parts.ts. */
export interface LiveValues {
  build: { build?: number; commit?: string; version?: string };
  figures: { until: number; values: Record<SeriesName, number | null> } | null;
  chats: {
    waiting: number;
    waiting_since: string | null;
    person: number;
    last_message: string;
    last_event: string;
  };
  sessions: SessionsSummary;
  calls: { live: number; changed: string };
  health: Check[];
  services: { items: Replica[]; left_off: number };
  queues: Record<string, QueueStats>;
  dead_letter: { depth: number; newest: string | null; kept_days: number };
}

export type SeriesName =
  | 'messages_in_per_minute'
  | 'messages_out_per_minute'
  | 'answer_seconds'
  | 'chats_waiting'
  | 'calls_active'
  | 'jobs_done_per_minute'
  | 'jobs_open'
  | 'jobs_failed_per_minute';

export interface QueueStats {
  paused: boolean;
  waiting: number;
  active: number;
  delayed: number;
  oldestAgeSeconds: number;
  /** Null until the api has observed the queue for half a minute. */
  completedPerMinute: number | null;
}

/** WhatsApp sessions. Not sent to holders of the metrics token. */
export interface SessionsSummary {
  changed: string;
  counts: Record<string, number>;
  /** The first few sessions that should be working and are not. */
  failing: FailingSession[];
}

export interface FailingSession {
  id: string;
  status: string;
  reason: string | null;
  since: string;
  waiting: number;
}

/** GET /api/services */
export interface Replica {
  service: string;
  instance: string;
  host: string;
  pid: number;
  state: 'live' | 'stale' | 'draining' | 'lost';
  silent_seconds: number;
  started_at: string | null;
  version: string | null;
  build: number | null;
  commit: string | null;
  event_loop_delay_p99_seconds: number | null;
  resident_memory_bytes: number | null;
  heap_used_bytes: number | null;
  clock_ahead_seconds: number;
  log_level: string | null;
  heartbeat: {
    state: string;
    age_seconds: number | null;
    last_job_at: string | null;
    queues: string[];
    failing: Record<string, string>;
  } | null;
}
