import {
  MetricsRegistry,
  announceReplica,
  instrumentProcess,
  startMetricsPublisher,
  type JsonValue,
} from '@prosaas/observability';
import {
  type BuildConfig,
  buildInfo,
  closeRedis,
  createRedis,
  keyspace,
  redisAddress,
  type Identity,
  type Logger,
} from '@prosaas/runtime';
import { catalogue } from './catalogue.ts';
import { showBuild } from './service-metrics.ts';

export interface TelemetryConfig extends BuildConfig {
  REDIS_URL: string;
  REDIS_USERNAME?: string;
  REDIS_PASSWORD?: string;
  REDIS_NAMESPACE: string;
}

export interface Announcement {
  /** What this replica says of itself, asked about once a second: small, no secrets. */
  report: () => Record<string, JsonValue>;
  /** What to do when somebody asks all replicas for a topic, such as `warmup`. */
  on?: Record<string, () => void>;
}

export interface Telemetry extends AsyncDisposable {
  metrics: MetricsRegistry<typeof catalogue>;
  /** Makes this replica known to the others, from now until it is disposed of. Once. */
  announce(announcement: Announcement): void;
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
  showBuild(metrics, identity, buildInfo(config));
  const measuring = instrumentProcess({ registry: metrics, labels: { service } });
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
      replica = announceReplica({
        redis,
        keyPrefix: key('replicas'),
        replica: {
          service,
          instance,
          host: identity.host,
          pid: identity.pid,
          startedAt: identity.startedAt,
        },
        report,
        ...(on && { on }),
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([replica?.[Symbol.asyncDispose](), publisher[Symbol.asyncDispose]()]);
      measuring[Symbol.dispose]();
      await closeRedis(redis);
    },
  };
}
