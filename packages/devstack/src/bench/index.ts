export { compare } from './compare.ts';
export { Load, cpuOf } from './load.ts';
export { Measured, type Operation, type Peers, cpuNanoseconds } from './operation.ts';
export { type Goal, microseconds, nanoseconds, report, short } from './report.ts';
export { timeInRounds, turnsInRounds } from './rounds.ts';
export { median, percentile, type Ratio, ratioOf } from './statistics.ts';
