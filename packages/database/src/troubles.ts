import { type Logger, type TroubleLog, troubleOf } from '@prosaas/runtime';

/** Told by whoever asks PostgreSQL: the pool and the probe of a service. */
export function databaseTrouble(log: Logger): TroubleLog {
  return troubleOf(log, {
    waiting: 'waiting for PostgreSQL',
    begins: 'PostgreSQL is away',
    ends: 'PostgreSQL is back',
    isDependency: true,
  });
}

/** What a service waits for when it starts, once PostgreSQL and Redis answer. */
export function startTrouble(log: Logger): TroubleLog {
  const waiting = 'waiting for the api to prepare the database';
  return troubleOf(log, { waiting, begins: waiting, ends: 'the database is prepared', isStart: true });
}
