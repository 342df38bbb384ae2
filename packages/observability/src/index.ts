export type { Buckets, ExponentialBuckets } from './metrics/buckets.ts';
export { secondsAhead } from './clock.ts';
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
export type { SeriesTable } from './metrics/columns.ts';
export {
  type ExactSource,
  type ExactValues,
  type HistogramReading,
  type LabelledValue,
  MetricsUnknown,
  type Reading,
  type ReadingSource,
} from './metrics/reading.ts';
export { percentile } from './metrics/percentile.ts';
export { type Collection, MetricsRegistry, type MetricsRegistryOptions } from './metrics/registry.ts';
export { type MetricsBody, type MetricsRoutesOptions, metricsRoutes } from './metrics/routes.ts';
export type { Labels } from './metrics/slot.ts';
export { type HttpMetricsOptions, httpMetrics, instrumentHttp } from './instruments/http.ts';
export {
  type ProcessMeasurement,
  type ProcessMetricsOptions,
  type ProcessReading,
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
export { livenessProbes, readinessProbe, versionRoute } from './health/ready-made.ts';
export { HealthRegistry, type HealthRegistryOptions } from './health/registry.ts';
export { type HealthRoutesOptions, healthRoutes } from './health/routes.ts';
export type { Hysteresis } from './health/steadiness.ts';
export { type BullWorkerOptions, watchBullWorker } from './heartbeat/bull-worker.ts';
export type { Consumer, Proof } from './heartbeat/consumer.ts';
export { type HeartbeatLog, type HeartbeatOptions, startHeartbeat } from './heartbeat/heartbeat.ts';
export type { HeartbeatReplica, ReplicaBeat } from './heartbeat/keys.ts';
export {
  type Heartbeats,
  type ReadHeartbeatsOptions,
  type ReplicaHeartbeat,
  readHeartbeats,
} from './heartbeat/read-heartbeats.ts';
export { type WatchdogOptions, startWatchdog } from './heartbeat/watchdog.ts';
export { type AnnounceOptions, type Told, announceReplica } from './replicas/announce.ts';
export type { JsonValue, ReplicaIdentity } from './replicas/keys.ts';
export { type ReplicaStatus, askReplicas, listReplicas, readTold, tellReplicas } from './replicas/list.ts';
