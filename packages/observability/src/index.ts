export type { Buckets, ExponentialBuckets } from './metrics/buckets.ts';
export { clockAheadSeconds } from './clock.ts';
export {
  type Catalogue,
  type LabelValues,
  type LabelsOf,
  type MetricDefinition,
  type MetricType,
  type NamesOf,
  REQUEST_BUCKETS,
  defineCatalogue,
} from './metrics/catalogue.ts';
export type { Counter, Gauge, Histogram } from './metrics/handles.ts';
export type { MetricsSource } from './metrics/publication.ts';
export {
  type MetricsPublisher,
  type MetricsPublisherOptions,
  startMetricsPublisher,
} from './metrics/publisher.ts';
export { MetricsReader, type MetricsReaderOptions } from './metrics/reader.ts';
export type { SeriesTable } from './metrics/series-aggregator.ts';
export {
  type ExactReader,
  type ExactValues,
  type HistogramReading,
  type LabelledValue,
  MetricsUnknown,
  type MetricsReading,
  type PublisherStatus,
} from './metrics/reading.ts';
export { percentile } from './metrics/percentile.ts';
export { type Collection, MetricsRegistry, type MetricsRegistryOptions } from './metrics/registry.ts';
export { type MetricsBody, type MetricsRoutesOptions, metricsRoutes } from './metrics/routes.ts';
export type { Labels } from './metrics/column.ts';
export { type HttpMetricsOptions, httpMetrics, instrumentHttp } from './instruments/http.ts';
export {
  type ProcessInstrument,
  type ProcessMetricsOptions,
  type ProcessStats,
  instrumentProcess,
  processMetrics,
} from './instruments/process.ts';
export { type TextFormat, contentTypes, negotiateFormat } from './text/format.ts';
export { type TextMetricsRouteOptions, textMetricsRoute } from './text/route.ts';
export { TextRenderer, type TextRendererOptions } from './text/renderer.ts';
export type { RedisClient } from './redis/client.ts';
export {
  type CheckDefinition,
  CheckFailure,
  type CheckReport,
  type CheckResult,
  type CheckStatus,
} from './health/check.ts';
export { classifyError } from './health/classify-error.ts';
export type { ProbeDefinition, ProbeReport, ShownCheck } from './health/probe.ts';
export { livenessProbes, readinessProbe, versionRoute } from './health/standard-probes.ts';
export { HealthRegistry, type HealthRegistryOptions } from './health/registry.ts';
export { type HealthRoutesOptions, healthRoutes } from './health/routes.ts';
export type { Hysteresis } from './health/hysteresis.ts';
export { type BullWorkerOptions, watchBullWorker } from './heartbeat/bull-worker.ts';
export type { Consumer, ConsumerLiveness } from './heartbeat/consumer.ts';
export { type HeartbeatLog, type HeartbeatOptions, startHeartbeat } from './heartbeat/heartbeat.ts';
export type { HeartbeatReplica, HeartbeatRecord } from './heartbeat/keys.ts';
export {
  type Heartbeats,
  type ReadHeartbeatsOptions,
  type ReplicaHeartbeat,
  readHeartbeats,
} from './heartbeat/read-heartbeats.ts';
export { type WatchdogOptions, startWatchdog } from './heartbeat/watchdog.ts';
export {
  type RegisterReplicaOptions,
  type ServiceSetting,
  registerReplica,
} from './replicas/register-replica.ts';
export type { JsonValue, ReplicaIdentity } from './replicas/keys.ts';
export {
  type ReplicaStatus,
  notifyReplicas,
  listReplicas,
  readServiceSetting,
  setServiceSetting,
} from './replicas/list.ts';
