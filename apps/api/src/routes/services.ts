import type { App } from '@prosaas/http';
import { Type } from 'typebox';
import { type ReplicaInfo, summarizeReplicas } from '../replicas.ts';
import { NullableText, NullableTime, type ResourceContext } from './resource.ts';

const NullableNumber = Type.Unsafe<number | null>({ type: ['number', 'null'] });

const Heartbeat = Type.Object({
  /** `never_beat`: the worker runs and has not sent a heartbeat yet. */
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
  /** Age of the last report, and so of all values below. */
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
  /** Workers only. */
  heartbeat: Type.Union([Heartbeat, Type.Null()]),
});
const Replicas = Type.Object({
  items: Type.Array(Replica),
  /** Replicas past the limit of the list. Lost ones are left off first. */
  left_off: Type.Integer(),
});

interface ServicesContext extends Pick<ResourceContext, 'operator'> {
  /** @throws RedisUnavailable */
  readReplicas: () => Promise<ReplicaInfo[]>;
}

/** The replicas of all services, by their last reports and heartbeats. */
export function serviceRoutes(app: App, { operator, readReplicas }: ServicesContext): void {
  app.get('/api/services', { onRequest: operator, schema: { response: { 200: Replicas } } }, async () =>
    summarizeReplicas(await readReplicas()),
  );
}
