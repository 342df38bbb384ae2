import type { App } from '@prosaas/http';
import { Type } from 'typebox';
import { figureNames } from '../console/figures.ts';
import type { History } from '../console/history.ts';
import type { ResourceContext } from './resource.ts';

const Values = Type.Array(Type.Unsafe<number | null>({ type: ['number', 'null'] }));
const Shown = Type.Object({
  step_seconds: Type.Integer(),
  until: Type.Number(),
  series: Type.Object(Object.fromEntries(figureNames.map((name) => [name, Values]))),
});

/** The last hour of the figures of the overview, as this replica saw it. */
export function consoleHistoryRoute(
  app: App,
  { operator, history }: ResourceContext & { history: History },
): void {
  app.get(
    '/api/console/history',
    { onRequest: operator, schema: { response: { 200: Shown } } },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return history.view();
    },
  );
}
