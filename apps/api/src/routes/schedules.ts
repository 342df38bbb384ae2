import type { App } from '@prosaas/http';
import type { Schedules } from '@prosaas/queues';
import { Type } from 'typebox';
import type { ResourceContext } from './resource.ts';

const NullableText = Type.Union([Type.String(), Type.Null()]);
const Run = Type.Object({
  started_at: Type.String(),
  ran_ms: Type.Number(),
  outcome: Type.Union([Type.Literal('completed'), Type.Literal('failed')]),
  error: NullableText,
  worker: Type.String(),
});
const Schedule = Type.Object({
  name: Type.String(),
  /** Cron, in UTC. */
  pattern: Type.String(),
  next_run: NullableText,
  last_run: Type.Union([Run, Type.Null()]),
});
const List = Type.Object({ items: Type.Array(Schedule) });

/** What the workers do at its times: clean-up, the search for lost jobs. */
export function scheduleRoutes(
  app: App,
  { admin, schedules }: ResourceContext & { schedules: Pick<Schedules, 'read'> },
): void {
  app.get('/api/schedules', { onRequest: admin, schema: { response: { 200: List } } }, async () => ({
    items: await schedules.read(),
  }));
}
