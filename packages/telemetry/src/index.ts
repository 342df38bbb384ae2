export { businessMetricNames, catalogue, metricPrefix } from './catalogue.ts';
export { createSystemReader } from './system-reader.ts';
export { startTelemetry, type Announcement, type Telemetry, type TelemetryConfig } from './telemetry.ts';
