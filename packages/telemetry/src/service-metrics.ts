import type { HealthRegistry, MetricDefinition } from '@prosaas/observability';
import type { BuildInfo, Identity } from '@prosaas/runtime';
import type { Telemetry } from './telemetry.ts';

type GaugeOf = MetricDefinition & { type: 'gauge' };

export type ServiceMetrics = {
  readonly health_check_state: GaugeOf;
  readonly build_info: GaugeOf;
};

const service = ['api', 'baileys', 'calls', 'worker'] as const;
const states = ['pass', 'warn', 'fail'] as const;

/** What each service says of itself. */
export const serviceMetrics: ServiceMetrics = {
  health_check_state: {
    type: 'gauge',
    help: '1 where a replica of the service finds its health check in that state',
    labels: { service, check: 'discovered', state: states },
    aggregate: 'max',
    optional: true,
  },
  build_info: {
    type: 'gauge',
    help: '1 for each build of a service that runs, as its /version tells',
    labels: { service, version: 'discovered', build: 'discovered', commit: 'discovered' },
    aggregate: 'max',
    optional: true,
  },
};

type Metrics = Telemetry['metrics'];

/** From now on the metrics show how the checks are: never before their first result. */
export function exposeHealthMetrics(
  metrics: Metrics,
  { service: name }: Identity,
  health: HealthRegistry,
): void {
  const checks = health.names.map((check) => ({
    check,
    gauges: states.map((state) => metrics.gauge('health_check_state', { service: name, check, state })),
  }));
  for (const { gauges } of checks) for (const gauge of gauges) gauge.clear();
  metrics.onCollect(() => {
    for (const { check, gauges } of checks) {
      const { status, reason, unknown } = health.result(check);
      if (unknown && reason === 'not_ready') continue;
      states.forEach((state, at) => gauges[at]!.set(state === status ? 1 : 0));
    }
  });
}

export function showBuild(metrics: Metrics, { service: name }: Identity, build: BuildInfo): void {
  const labels = { version: build.version, build: String(build.build), commit: build.commit.slice(0, 40) };
  metrics.gauge('build_info', { service: name, ...labels }).set(1);
}
