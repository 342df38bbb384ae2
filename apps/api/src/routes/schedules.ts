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
  /** From the start of a run to the start of the next. */
  every_seconds: Type.Integer(),
  /** Null before the first run, which is due at once. A time in the past means that the run is due. */
  next_run: NullableTime,
  last_run: Type.Union([Run, Type.Null()]),
});
const Schedules = Type.Object({ items: Type.Array(Schedule) });

/** The periodic tasks of the workers, for example retention and the search for lost jobs. */
export function scheduleRoutes(app: App, { db, admin }: ResourceContext): void {
  app.get('/api/schedules', { onRequest: admin, schema: { response: { 200: Schedules } } }, async () => {
    const rows = new Map((await readSchedules(db)).map((row) => [row.name, row]));
    const items = Object.entries(scheduleTable).map(([name, { everySeconds }]) => {
      const { started_at: started = null, last_run: last = null } = rows.get(name) ?? {};
      const next = started && new Date(started.getTime() + everySeconds * 1000);
      return { name, every_seconds: everySeconds, next_run: next, last_run: last };
    });
    return { items };
  });
}
