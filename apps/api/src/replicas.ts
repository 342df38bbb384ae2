import type { Heartbeats, ReplicaHeartbeat, ReplicaStatus } from '@prosaas/observability';
import type { ReplicaFacts } from '@prosaas/telemetry';

/** Every replica reports once a second, and counts as lost after 10 s. */
const STALE_SECONDS = 5;
/** How long a worker's heartbeat is valid, and how long a worker has to send its first one. */
const HEARTBEAT_SECONDS = 90;

export type ReplicaState = 'live' | 'stale' | 'draining' | 'lost';

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
