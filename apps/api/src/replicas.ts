import type { Heartbeats, ReplicaHeartbeat, ReplicaStatus } from '@prosaas/observability';
import type { ReplicaFacts } from '@prosaas/telemetry';

/** Every replica speaks once a second; its word is worth 10 s. */
const STALE_SECONDS = 5;
/** What a beat is worth, and what a worker has for its first one. */
const BEAT_SECONDS = 90;

export type ReplicaState = 'live' | 'stale' | 'draining' | 'lost';

/** A replica, as far as it has told. */
export interface ReplicaSeen {
  service: string;
  instance: string;
  host: string;
  pid: number;
  state: ReplicaState;
  silent_seconds: number;
  started_at: Date | null;
  clock_ahead_seconds: number;
  /** Null for one of the release before, which does not tell. */
  facts: ReplicaFacts | null;
  /** Of a worker; null where it has written none. */
  heartbeat: ReplicaHeartbeat | null;
}

/**
 * `lost`: its word is worth no more, and it did not leave. `draining`: it says that it ends. `stale`: it has been silent for 5 s, or it is
 * a worker that has not beaten for 90 s, or not within 90 s of its start. All others are `live`.
 */
export function judgeReplicas(
  replicas: readonly ReplicaStatus[],
  { replicas: beats }: Pick<Heartbeats, 'replicas'>,
): ReplicaSeen[] {
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
  return age > BEAT_SECONDS ? 'stale' : 'live';
}

/** What a process wrote, of this build or another: taken where it has the form, otherwise not at all. */
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
