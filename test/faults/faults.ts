import { damagedAof } from './damaged-aof.ts';
import { faultsOfDatabase } from './database.ts';
import type { Fault } from './fault.ts';
import { fullDisk, readOnlyDatabase } from './health-database.ts';
import { redisRestarts } from './redis-restarts.ts';

/** The faults of `npm run prove -- faults`. */
export const faults: readonly Fault[] = [
  ...redisRestarts,
  damagedAof,
  readOnlyDatabase,
  fullDisk,
  ...faultsOfDatabase,
];
