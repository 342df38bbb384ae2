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
import { exposeBuildInfo } from './bind-service-metrics.ts';

export interface TelemetryConfig extends BuildConfig {
  REDIS_URL: string;
  REDIS_USERNAME?: string;
  REDIS_PASSWORD?: string;
  REDIS_NAMESPACE: string;
}

/** What every replica reports about itself. */
export interface ReplicaFacts {
  version: string;
  build: number;
  commit: string;
  uptime_seconds: number;
  /** It is shutting down. */
  draining: boolean;
  resident_memory_bytes: number;
  heap_used_bytes: number;
  /** Over the last one to two minutes. */
  event_loop_delay_p99_seconds: number;
  /** Level name of pino. */
  log_level: string;
}

export interface ReplicaOptions {
  /** What this replica reports besides `ReplicaFacts`; read about once a second. Small, no secrets. */
  report: () => Record<string, JsonValue>;
  /** Handlers of messages to all replicas by topic, such as `warmup`. */
  on?: Record<string, () => void>;
}

export interface Telemetry extends AsyncDisposable {
  metrics: MetricsRegistry<typeof catalogue>;
  /** Registers this replica until the telemetry is disposed of. Call it once. */
  registerReplica(options: ReplicaOptions): void;
  /** Reports from now on that this replica is shutting down. */
  drain(): void;
}

/**
 * Publishes this process's metrics and registers it as a replica, over a separate Redis connection. While Redis is away it keeps
 * counting, and publishes later. Disposing deregisters the replica, publishes a last time and folds the counts into the totals of
 * ended processes.
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
    registerReplica({ report, on }) {
      if (replica) throw new Error('this replica is registered already');
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
        onSetting: logLevel.apply,
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
