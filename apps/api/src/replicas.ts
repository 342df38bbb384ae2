import type { Heartbeats, ReplicaHeartbeat, ReplicaStatus } from '@prosaas/observability';
import { logLevelName, parseLogLevel } from '@prosaas/runtime';
import type { ReplicaFacts } from '@prosaas/telemetry';

/** Every replica reports once a second, and counts as lost after 10 s. */
const STALE_SECONDS = 5;
/** How long a worker's heartbeat is valid, and how long a worker has to send its first one. */
const HEARTBEAT_SECONDS = 90;
/** Replicas per response. */
const MAX_LISTED = 200;

type ReplicaState = 'live' | 'stale' | 'draining' | 'lost';

/** A replica, by its last report and heartbeat. */
export interface ReplicaInfo {
  service: string;
  instance: string;
  host: string;
  pid: number;
  state: ReplicaState;
  silent_seconds: number;
  started_at: Date | null;
  clock_ahead_seconds: number;
  /** Null for a replica of an older build, which does not report them. */
  facts: ReplicaFacts | null;
  /** Workers only; null before the first one. */
  heartbeat: ReplicaHeartbeat | null;
}

/**
 * States of replicas. `lost`: its report has expired, and it did not sign off. `draining`: it reports that it shuts down. `stale`: it
 * has been silent for 5 s, or is a worker without a heartbeat for 90 s, or since its start 90 s ago. All others are `live`.
 */
export function describeReplicas(
  replicas: readonly ReplicaStatus[],
  { replicas: beats }: Pick<Heartbeats, 'replicas'>,
): ReplicaInfo[] {
  const beatOf = new Map(beats.map((beat) => [beat.instance, beat]));
  return replicas.map((replica) => {
    const { service, instance, host, pid, startedAt, silentSeconds, clockAheadSeconds } = replica;
    const facts = factsOf(replica.report);
    const heartbeat = beatOf.get(instance) ?? null;
    return {
      service,
      instance,
      host,
      pid,
      state: stateOf({ replica, facts, heartbeat }),
      silent_seconds: silentSeconds,
      started_at: Number.isFinite(startedAt) ? new Date(startedAt * 1000) : null,
      clock_ahead_seconds: clockAheadSeconds,
      facts,
      heartbeat,
    };
  });
}

function stateOf({
  replica: { service, state, silentSeconds },
  facts,
  heartbeat,
}: {
  replica: ReplicaStatus;
  facts: ReplicaFacts | null;
  heartbeat: ReplicaHeartbeat | null;
}): ReplicaState {
  if (state === 'lost') return 'lost';
  if (facts?.draining === true) return 'draining';
  if (silentSeconds > STALE_SECONDS) return 'stale';
  if (service !== 'worker') return 'live';
  const age = heartbeat?.age_seconds ?? facts?.uptime_seconds ?? 0;
  return age > HEARTBEAT_SECONDS ? 'stale' : 'live';
}

/** Null if the report does not have the expected fields: it may be that of another build. */
function factsOf(report: ReplicaStatus['report']): ReplicaFacts | null {
  const number = (name: keyof ReplicaFacts): number => Number(report[name] ?? 0) || 0;
  const { version, commit, log_level: logLevel } = report;
  if (typeof version !== 'string' || typeof commit !== 'string' || typeof logLevel !== 'string') return null;
  return {
    version,
    commit,
    log_level: logLevel,
    draining: report['draining'] === true,
    build: number('build'),
    uptime_seconds: number('uptime_seconds'),
    resident_memory_bytes: number('resident_memory_bytes'),
    heap_used_bytes: number('heap_used_bytes'),
    event_loop_delay_p99_seconds: number('event_loop_delay_p99_seconds'),
  };
}

/** A replica as REST responses and open pages show it. */
interface ReplicaSummary extends Omit<ReplicaInfo, 'facts' | 'heartbeat'> {
  uptime_seconds: number | null;
  version: string | null;
  build: number | null;
  commit: string | null;
  event_loop_delay_p99_seconds: number | null;
  resident_memory_bytes: number | null;
  heap_used_bytes: number | null;
  log_level: string | null;
  heartbeat: {
    state: string;
    age_seconds: number | null;
    last_job_at: Date | null;
    queues: string[];
    failing: Record<string, string>;
  } | null;
}

/** The order in which replicas are kept if there are too many to list. */
const keepOrder: readonly ReplicaState[] = ['stale', 'draining', 'live', 'lost'];

/** Sorted by instance. `left_off` counts the replicas past the limit: those that are lost are left off first. */
export function summarizeReplicas(
  all: readonly ReplicaInfo[],
  limit: number = MAX_LISTED,
): { items: ReplicaSummary[]; left_off: number } {
  const sorted = all.toSorted(
    (a, b) => keepOrder.indexOf(a.state) - keepOrder.indexOf(b.state) || a.silent_seconds - b.silent_seconds,
  );
  const kept = sorted.slice(0, limit).toSorted((a, b) => (a.instance < b.instance ? -1 : 1));
  return { items: kept.map(summarize), left_off: all.length - kept.length };
}

function summarize({ facts, heartbeat, ...replica }: ReplicaInfo): ReplicaSummary {
  return {
    ...replica,
    uptime_seconds: facts?.uptime_seconds ?? null,
    version: facts?.version ?? null,
    build: facts?.build ?? null,
    commit: facts?.commit ?? null,
    event_loop_delay_p99_seconds: facts?.event_loop_delay_p99_seconds ?? null,
    resident_memory_bytes: facts?.resident_memory_bytes ?? null,
    heap_used_bytes: facts?.heap_used_bytes ?? null,
    log_level: facts && displayLogLevel(facts.log_level),
    heartbeat: heartbeat && {
      state: heartbeat.state,
      age_seconds: heartbeat.age_seconds,
      last_job_at: heartbeat.last_job_at === null ? null : new Date(heartbeat.last_job_at * 1000),
      queues: Object.keys(heartbeat.queues),
      failing: heartbeat.failing ?? {},
    },
  };
}

/** The level's name in `LOG_LEVEL`. A level that only another build knows stays as reported. */
export function displayLogLevel(text: string): string {
  try {
    return logLevelName(parseLogLevel(text));
  } catch {
    return text;
  }
}
