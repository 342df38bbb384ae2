import { readSchedules } from '@prosaas/database';
import type { App } from '@prosaas/http';
import { scheduleTable } from '@prosaas/queues';
import { Type } from 'typebox';
import { NullableText, NullableTime, type ResourceContext } from './resource.ts';

const Run = Type.Object({
  started_at: Type.String(),
  ran_ms: Type.Number(),
  outcome: Type.Union([Type.Literal('completed'), Type.Literal('failed')]),
  error: NullableText,
  worker: Type.String(),
});
const Schedule = Type.Object({
  name: Type.String(),
  /** From the beginning of one run to that of the next. */
  every_seconds: Type.Integer(),
  /** Null before the first run, which is due at once. One in the past is due. */
  next_run: NullableTime,
  last_run: Type.Union([Run, Type.Null()]),
});
const List = Type.Object({ items: Type.Array(Schedule) });

/** What the workers do at its times: clean-up, the search for lost jobs. */
export function scheduleRoutes(app: App, { db, admin }: ResourceContext): void {
  app.get('/api/schedules', { onRequest: admin, schema: { response: { 200: List } } }, async () => {
    const known = new Map((await readSchedules(db)).map((row) => [row.name, row]));
    const items = Object.entries(scheduleTable).map(([name, { everySeconds }]) => {
      const { started_at: started = null, last_run: last = null } = known.get(name) ?? {};
      const next = started && new Date(started.getTime() + everySeconds * 1000);
      return { name, every_seconds: everySeconds, next_run: next, last_run: last };
    });
    return { items };
  });
}
