import { faultsOfDatabase } from './database.ts';
import type { Fault } from './fault.ts';

/** Every fault that `npm run prove -- faults` plays. */
export const faults: readonly Fault[] = [...faultsOfDatabase];
