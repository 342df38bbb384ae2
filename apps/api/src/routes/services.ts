import type { App } from '@prosaas/http';
import { logLevelName, parseLogLevel } from '@prosaas/runtime';
import { type Static, Type } from 'typebox';
import type { ReplicaInfo, ReplicaState } from '../replicas.ts';
import { NullableText, NullableTime, type ResourceContext } from './resource.ts';

const NullableNumber = Type.Unsafe<number | null>({ type: ['number', 'null'] });

const Heartbeat = Type.Object({
  /** `never_beat`: it runs, and has not proved yet that it works. */
  state: Type.String(),
  age_seconds: NullableNumber,
  last_job_at: NullableTime,
  queues: Type.Array(Type.String()),
  /** Queue -> why its consumer does not work. */
  failing: Type.Record(Type.String(), Type.String()),
});
const Replica = Type.Object({
  service: Type.String(),
  instance: Type.String(),
  host: Type.String(),
  pid: Type.Integer(),
  state: Type.String(),
  /** Since its last word: the age of everything that stands here. */
  silent_seconds: Type.Number(),
  started_at: NullableTime,
  uptime_seconds: NullableNumber,
  version: NullableText,
  build: NullableNumber,
  commit: NullableText,
  event_loop_delay_p99_seconds: NullableNumber,
  resident_memory_bytes: NullableNumber,
  heap_used_bytes: NullableNumber,
  clock_ahead_seconds: Type.Number(),
  log_level: NullableText,
  /** Of a worker. */
  heartbeat: Type.Union([Heartbeat, Type.Null()]),
});
const Replicas = Type.Object({
  items: Type.Array(Replica),
  /** More than are listed: the ones that were lost first. */
  left_off: Type.Integer(),
});

const MOST = 200;
const order: readonly ReplicaState[] = ['stale', 'draining', 'live', 'lost'];

export interface ServicesContext extends Pick<ResourceContext, 'operator'> {
  /** Throws `REDIS_UNAVAILABLE`. */
  readReplicas: () => Promise<ReplicaInfo[]>;
}

/** The replicas of all services: what each says of itself, and what its heartbeat proves. */
export function serviceRoutes(app: App, { operator, readReplicas }: ServicesContext): void {
  app.get('/api/services', { onRequest: operator, schema: { response: { 200: Replicas } } }, async () =>
    listReplicas(await readReplicas()),
  );
}

/** By instance; of more than `most` those that are lost are left off first. */
export function listReplicas(all: readonly ReplicaInfo[], most: number = MOST): Static<typeof Replicas> {
  const sorted = all.toSorted(
    (a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.silent_seconds - b.silent_seconds,
  );
  const shown = sorted.slice(0, most).toSorted((a, b) => (a.instance < b.instance ? -1 : 1));
  return { items: shown.map(show), left_off: all.length - shown.length };
}

function show({ facts, heartbeat, ...replica }: ReplicaInfo): Static<typeof Replica> {
  return {
    ...replica,
    uptime_seconds: facts?.uptime_seconds ?? null,
    version: facts?.version ?? null,
    build: facts?.build ?? null,
    commit: facts?.commit ?? null,
    event_loop_delay_p99_seconds: facts?.event_loop_delay_p99_seconds ?? null,
    resident_memory_bytes: facts?.resident_memory_bytes ?? null,
    heap_used_bytes: facts?.heap_used_bytes ?? null,
    log_level: facts && levelOf(facts.log_level),
    heartbeat: heartbeat && {
      state: heartbeat.state,
      age_seconds: heartbeat.age_seconds,
      last_job_at: heartbeat.last_job_at === null ? null : new Date(heartbeat.last_job_at * 1000),
      queues: Object.keys(heartbeat.queues),
      failing: heartbeat.failing ?? {},
    },
  };
}

/** As LOG_LEVEL names it; what another build says may be none. */
export function levelOf(text: string): string {
  try {
    return logLevelName(parseLogLevel(text));
  } catch {
    return text;
  }
}
