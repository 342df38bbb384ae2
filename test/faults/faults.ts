import type { Fault } from './fault.ts';
import { fullDisk, readOnlyDatabase } from './health-database.ts';

/** Every fault that `npm run prove -- faults` plays. */
export const faults: readonly Fault[] = [readOnlyDatabase, fullDisk];
