export interface Plan {
  /** Messages that contacts send during the faults. Each is a job, and so is its answer. */
  messages: number;
  contacts: number;
  /** Kills of workers with active jobs. */
  kills: number;
  /** Freezes of workers with active jobs, for longer than a job's lock. */
  workerFreezes: number;
  /** Kills of child processes from outside. */
  childKills: number;
  redisKills: number;
  redisFreezes: number;
  databaseRestarts: number;
  /** Messages that are not enqueued in BullMQ, as if their process died right after the commit. */
  notEnqueued: number;
  /** Jobs that are meant to fail, per kind. */
  builtToFail: number;
  /** Messages whose answer kills every process that tries to send it. */
  poison: number;
  /** Contacts to whom sends fail for `failsForMs` after the first try. */
  failing: number;
  failsForMs: number;
  /** Messages in progress when Redis is flushed. */
  messagesAtFlush: number;
}

const full: Plan = {
  messages: 2500,
  contacts: 150,
  kills: 40,
  workerFreezes: 8,
  childKills: 3,
  redisKills: 3,
  redisFreezes: 2,
  databaseRestarts: 2,
  notEnqueued: 20,
  builtToFail: 20,
  poison: 5,
  failing: 4,
  failsForMs: 45_000,
  messagesAtFlush: 300,
};
/** Duration of the full plan on an otherwise idle machine. */
const FULL_MINUTES = 4;

const short: Plan = {
  messages: 400,
  contacts: 40,
  kills: 8,
  workerFreezes: 1,
  childKills: 1,
  redisKills: 1,
  redisFreezes: 1,
  databaseRestarts: 1,
  notEnqueued: 4,
  builtToFail: 5,
  poison: 1,
  failing: 1,
  failsForMs: 8000,
  messagesAtFlush: 100,
};

export function planOf({ short: isShort, minutes }: { short: boolean; minutes: number | undefined }): Plan {
  if (isShort) return short;
  if (minutes === undefined) return full;
  const factor = minutes / FULL_MINUTES;
  const scaled = Object.entries(full).map(([name, count]) => [
    name,
    Math.max(count, Math.ceil(count * factor)),
  ]);
  return { ...(Object.fromEntries(scaled) as Plan), failsForMs: full.failsForMs };
}
