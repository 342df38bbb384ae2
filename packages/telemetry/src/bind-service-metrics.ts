import type { HealthRegistry } from '@prosaas/observability';
import type { BuildInfo, Identity } from '@prosaas/runtime';
import { CHECK_STATES } from './service-metrics.ts';
import type { Telemetry } from './telemetry.ts';

type Metrics = Telemetry['metrics'];

/** Exposes each check's state in the metrics, from its first result on. */
export function exposeHealthMetrics(
  metrics: Metrics,
  { service: name }: Identity,
  health: HealthRegistry,
): void {
  const checks = health.names.map((check) => ({
    check,
    gauges: CHECK_STATES.map((state) => metrics.gauge('health_check_state', { service: name, check, state })),
  }));
  for (const { gauges } of checks) for (const gauge of gauges) gauge.clear();
  metrics.onCollect(() => {
    for (const { check, gauges } of checks) {
      const { status, reason, unknown } = health.result(check);
      if (unknown && reason === 'not_ready') continue;
      CHECK_STATES.forEach((state, at) => gauges[at]!.set(state === status ? 1 : 0));
    }
  });
}

export function exposeBuildInfo(metrics: Metrics, { service: name }: Identity, build: BuildInfo): void {
  const labels = { version: build.version, build: String(build.build), commit: build.commit.slice(0, 40) };
  metrics.gauge('build_info', { service: name, ...labels }).set(1);
}
