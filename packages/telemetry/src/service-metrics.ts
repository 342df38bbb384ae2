import type { HealthRegistry } from '@prosaas/observability';
import type { BuildInfo, Identity } from '@prosaas/runtime';
import type { Telemetry } from './telemetry.ts';

const SERVICES = ['api', 'baileys', 'calls', 'worker'] as const;
const CHECK_STATES = ['pass', 'warn', 'fail'] as const;

/** What each service reports about itself. */
export const serviceMetrics = {
  health_check_state: {
    type: 'gauge',
    help: '1 if the health check is in this state on a replica of the service',
    labels: {
      service: SERVICES as readonly string[],
      check: 'discovered',
      state: CHECK_STATES as readonly string[],
    },
    aggregate: 'max',
    optional: true,
  },
  build_info: {
    type: 'gauge',
    help: '1 for each running build of a service, as shown by its /version',
    labels: {
      service: SERVICES as readonly string[],
      version: 'discovered',
      build: 'discovered',
      commit: 'discovered',
    },
    aggregate: 'max',
    optional: true,
  },
} as const;

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
