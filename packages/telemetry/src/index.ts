export { businessMetricNames, catalogue, metricPrefix } from './catalogue.ts';
export { type QueriedRedis, queryRedis } from './checks/query-redis.ts';
export {
  type DatabaseCheckOptions,
  queryDatabase,
  databaseCheck,
  describeDatabase,
} from './checks/database-check.ts';
export { type RedisCheckOptions, redisCheck } from './checks/redis-check.ts';
export { writeFailureReport } from './checks/write-failure-report.ts';
export { bindStageMetrics } from './bind-stage-metrics.ts';
export { messageStages, type MessageStage } from './stage-metrics.ts';
export { type AnswerOutcomes, bindAgentMetrics } from './bind-agent-metrics.ts';
export type { CountedEvent } from './counted-event.ts';
export { exposeHealthMetrics } from './bind-service-metrics.ts';
export { type SystemStats, publishSystemStats } from './system-stats.ts';
export { sessionStates, systemMetrics } from './system-metrics.ts';
export { createSystemMetricsReader } from './system-reader.ts';
export {
  startTelemetry,
  type ReplicaOptions,
  type ReplicaFacts,
  type Telemetry,
  type TelemetryConfig,
} from './telemetry.ts';
