import type { App } from '@prosaas/http';
import { Type } from 'typebox';
import { overviewMetricNames } from '../console/overview-metrics.ts';
import type { MetricsHistory } from '../console/metrics-history.ts';
import type { ResourceContext } from './resource.ts';

const Values = Type.Array(Type.Unsafe<number | null>({ type: ['number', 'null'] }));
const HistoryResponse = Type.Object({
  step_seconds: Type.Integer(),
  until: Type.Number(),
  series: Type.Object(Object.fromEntries(overviewMetricNames.map((name) => [name, Values]))),
});

/** The overview metrics of the last hour, as this replica measured them. */
export function consoleHistoryRoute(
  app: App,
  { operator, history }: ResourceContext & { history: MetricsHistory },
): void {
  app.get(
    '/api/console/history',
    { onRequest: operator, schema: { response: { 200: HistoryResponse } } },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return history.view();
    },
  );
}
