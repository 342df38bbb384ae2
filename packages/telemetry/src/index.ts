export { businessMetricNames, catalogue, metricPrefix } from './catalogue.ts';
export { type AskedRedis, askRedis } from './checks/ask-redis.ts';
export {
  type DatabaseCheckOptions,
  askDatabase,
  databaseCheck,
  describeDatabase,
} from './checks/database-check.ts';
export { type RedisCheckOptions, redisCheck } from './checks/redis-check.ts';
export { writeReport } from './checks/write-report.ts';
export { bindStages, messageStages, type MessageStage } from './stage-metrics.ts';
export { type AnswerOutcomes, bindAgentMetrics } from './agent-metrics.ts';
export { showHealth } from './service-metrics.ts';
export { type SystemFigures, publishSystemFigures } from './system-figures.ts';
export { sessionStates, systemMetrics } from './system-metrics.ts';
export { createSystemReader } from './system-reader.ts';
export {
  startTelemetry,
  type Announcement,
  type ReplicaFacts,
  type Telemetry,
  type TelemetryConfig,
} from './telemetry.ts';
