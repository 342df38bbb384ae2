export interface Plan {
  /** That contacts send: each is a job, and its answer another. */
  messages: number;
  contacts: number;
  /** Of workers that have jobs active. */
  kills: number;
  redisKills: number;
  redisFreezes: number;
  databaseRestarts: number;
  /** Jobs built to fail, of each kind. */
  builtToFail: number;
  /** Messages whose answer takes every process with it that tries to send it. */
  poison: number;
}

const full: Plan = {
  messages: 5000,
  contacts: 250,
  kills: 105,
  redisKills: 3,
  redisFreezes: 2,
  databaseRestarts: 2,
  builtToFail: 20,
  poison: 5,
};
/** What the full plan takes where it has a machine for itself. */
const FULL_MINUTES = 3.5;

const short: Plan = {
  messages: 400,
  contacts: 40,
  kills: 8,
  redisKills: 1,
  redisFreezes: 1,
  databaseRestarts: 1,
  builtToFail: 5,
  poison: 1,
};

export function planOf({ short: isShort, minutes }: { short: boolean; minutes: number | undefined }): Plan {
  if (isShort) return short;
  if (minutes === undefined) return full;
  const factor = minutes / FULL_MINUTES;
  const scaled = Object.entries(full).map(([name, count]) => [
    name,
    Math.max(count, Math.ceil(count * factor)),
  ]);
  return Object.fromEntries(scaled) as Plan;
}
