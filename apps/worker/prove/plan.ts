export interface Plan {
  /** That contacts send while there are faults: each is a job, and its answer another. */
  messages: number;
  contacts: number;
  /** Of workers that have jobs active. */
  kills: number;
  /** Of such workers, for longer than the lock of a job. */
  workerFreezes: number;
  /** Of processes for one job, from outside. */
  childKills: number;
  redisKills: number;
  redisFreezes: number;
  databaseRestarts: number;
  /** Messages of which BullMQ is not told: whoever stored them died right after the commit. */
  untold: number;
  /** Jobs built to fail, of each kind. */
  builtToFail: number;
  /** Messages whose answer takes every process with it that tries to send it. */
  poison: number;
  /** Contacts to whom nothing can be sent for `failsForMs` from the first try. */
  failing: number;
  failsForMs: number;
  /** Messages under way when Redis is emptied. */
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
  untold: 20,
  builtToFail: 20,
  poison: 5,
  failing: 4,
  failsForMs: 45_000,
  messagesAtFlush: 300,
};
/** What the full plan takes where it has a machine for itself. */
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
  untold: 4,
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
