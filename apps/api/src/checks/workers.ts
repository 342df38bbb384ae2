import {
  type CheckDefinition,
  CheckFailure,
  type ReplicaHeartbeat,
  readHeartbeats,
} from '@prosaas/observability';
import { queryRedis } from '@prosaas/telemetry';
import type { Redis } from 'ioredis';
import type { FailedWrites } from './failed-writes.ts';

export interface WorkerCounts {
  live: number;
  lost: number;
  expected: number;
  /** Workers with a consumer that does not work: live ones, whose heartbeats will stop, and ones that never sent a heartbeat. */
  failing: number;
  /** Why live workers cannot write to the database: the code of one of them. A heartbeat only proves that a worker takes jobs. */
  failedWrite?: string | undefined;
  /** Live workers whose clocks differ from that of Redis. */
  clocksOff: number;
}

/** Undefined if enough workers send heartbeats. */
export function evaluateWorkers({
  live,
  lost,
  expected,
  failing,
  failedWrite,
  clocksOff,
}: WorkerCounts): { failed: boolean; reason: string } | undefined {
  if (live >= expected && failing > 0) return { failed: false, reason: 'not_working' };
  if (live > 0 && failedWrite !== undefined) return { failed: false, reason: `database_${failedWrite}` };
  if (live >= expected && clocksOff > 0) return { failed: false, reason: 'clock_off' };
  if (live >= expected) return undefined;
  if (live > 0) return { failed: false, reason: 'too_few' };
  if (failing > 0) return { failed: true, reason: 'not_working' };
  return { failed: true, reason: lost > 0 ? 'stale' : 'not_ready' };
}

/** Looks at the heartbeats of workers. A worker sends one only when it has proved since the last one that it works. */
export function workersCheck({
  redis,
  address,
  heartbeatKey,
  expected,
  failedWrites,
}: {
  redis: Redis;
  address: string;
  heartbeatKey: string;
  expected: number;
  /** Failed writes of workers. */
  failedWrites: () => FailedWrites | undefined;
}): CheckDefinition {
  return {
    name: 'workers',
    componentType: 'component',
    async run(signal) {
      const { beat_age_seconds, replicas, left } = await queryRedis(
        () => readHeartbeats({ redis, key: heartbeatKey, expected }),
        { redis, address, signal, prefix: 'redis_' },
      );
      const count = (wanted: ReplicaHeartbeat['state']): number =>
        replicas.filter(({ state }) => state === wanted).length;
      const [live, lost, neverBeat] = [count('live'), count('lost'), count('never_beat')];
      const notWorking = replicas.filter(({ state, failing }) => state !== 'lost' && failing !== undefined);
      const clocks = replicas
        .filter(({ state }) => state === 'live')
        .map(({ clock_ahead_seconds: ahead }) => ahead)
        // A worker of an older build does not report it.
        .filter((ahead) => Boolean(ahead));
      const facts = {
        live,
        lost,
        expected,
        ...(neverBeat > 0 && { never_beat: neverBeat }),
        beat_age_seconds,
        ...(notWorking.length > 0 && {
          failing: [...new Set(notWorking.flatMap(({ failing = {} }) => Object.keys(failing)))],
        }),
        ...(clocks.length > 0 && { clock_ahead_seconds: clocks }),
      };
      const detail = { replicas, left };
      const problem = evaluateWorkers({
        live,
        lost,
        expected,
        failing: notWorking.length,
        failedWrite: failedWrites()?.reason,
        clocksOff: clocks.length,
      });
      if (problem?.failed === true) throw new CheckFailure(problem.reason, { facts, detail });
      return problem === undefined
        ? { facts, detail }
        : { status: 'warn', reason: problem.reason, facts, detail };
    },
  };
}
