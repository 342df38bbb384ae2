import {
  MetricsRegistry,
  registerReplica,
  instrumentProcess,
  startMetricsPublisher,
  type JsonValue,
} from '@prosaas/observability';
import {
  buildInfo,
  closeRedis,
  createRedis,
  keyspace,
  redisAddress,
  type BuildConfig,
  type Identity,
  type Logger,
} from '@prosaas/runtime';
import { catalogue } from './catalogue.ts';
import { followLogLevel } from './log-level.ts';
import { exposeBuildInfo } from './service-metrics.ts';

export interface TelemetryConfig extends BuildConfig {
  REDIS_URL: string;
  REDIS_USERNAME?: string;
  REDIS_PASSWORD?: string;
  REDIS_NAMESPACE: string;
}

/** What every replica says of itself, in its report. */
export interface ReplicaFacts {
  version: string;
  build: number;
  commit: string;
  uptime_seconds: number;
  /** It was told to end. */
  draining: boolean;
  resident_memory_bytes: number;
  heap_used_bytes: number;
  /** Of the last one to two minutes. */
  event_loop_delay_p99_seconds: number;
  /** In pino's words. */
  log_level: string;
}

export interface Announcement {
  /** What this replica says of itself beside what every one does, asked about once a second: small, no secrets. */
  report: () => Record<string, JsonValue>;
  /** What to do when somebody asks all replicas for a topic, such as `warmup`. */
  on?: Record<string, () => void>;
}

export interface Telemetry extends AsyncDisposable {
  metrics: MetricsRegistry<typeof catalogue>;
  /** Makes this replica known to the others, from now until it is disposed of. Once. */
  announce(announcement: Announcement): void;
  /** From now on this replica says that it ends. */
  drain(): void;
}

/**
 * Counts of this process and its place among the replicas, over a connection of their own: without Redis it counts on and
 * publishes later. Disposing withdraws the replica, publishes once more and folds.
 */
export function startTelemetry({
  config,
  identity,
  log,
}: {
  config: TelemetryConfig;
  identity: Identity;
  log: Logger;
}): Telemetry {
  const { key } = keyspace(config.REDIS_NAMESPACE);
  const redis = createRedis({ ...redisAddress(config), name: 'telemetry', role: 'publisher', log });
  const metrics = new MetricsRegistry(catalogue, {
    onOverflow: (metric) =>
      log.warn({ metric }, 'this metric has too many series; new ones are counted as one'),
  });
  const { service, instance } = identity;
  const measuring = instrumentProcess({ registry: metrics, labels: { service } });
  const logLevel = followLogLevel(log);
  const running = buildInfo(config);
  exposeBuildInfo(metrics, identity, running);
  const { version, build, commit } = running;
  let isDraining = false;
  /** What every replica says of itself: see `ReplicaFacts`. */
  const facts = (): { [name in keyof ReplicaFacts]: JsonValue } => {
    const { residentMemoryBytes, heapUsedBytes, eventLoopDelayP99Seconds } = measuring.last();
    return {
      version,
      build,
      commit,
      uptime_seconds: Math.round(performance.now() / 100) / 10,
      draining: isDraining,
      resident_memory_bytes: residentMemoryBytes,
      heap_used_bytes: heapUsedBytes,
      event_loop_delay_p99_seconds: eventLoopDelayP99Seconds,
      log_level: log.level,
    };
  };
  const publisher = startMetricsPublisher({
    redis,
    keyPrefix: key('metrics'),
    registry: metrics,
    source: { service, instance },
    onError: (error) => log.debug({ err: error }, 'metrics were not published; the next second tries again'),
  });
  let replica: AsyncDisposable | undefined;

  return {
    metrics,
    announce({ report, on }) {
      if (replica) throw new Error('this replica is announced already');
      replica = registerReplica({
        redis,
        keyPrefix: key('replicas'),
        replica: {
          service,
          instance,
          host: identity.host,
          pid: identity.pid,
          startedAt: identity.startedAt,
        },
        report: () => ({ ...facts(), ...report() }),
        onSetting: logLevel.heard,
        ...(on && { on }),
      });
    },
    drain() {
      isDraining = true;
    },
    async [Symbol.asyncDispose]() {
      logLevel[Symbol.dispose]();
      await Promise.allSettled([replica?.[Symbol.asyncDispose](), publisher[Symbol.asyncDispose]()]);
      measuring[Symbol.dispose]();
      await closeRedis(redis);
    },
  };
}
