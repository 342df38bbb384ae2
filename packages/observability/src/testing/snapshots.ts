import { formatColumn } from '../metrics/column.ts';
import type { Member, Snapshot } from '../metrics/snapshot.ts';
import type { SeriesTable } from '../metrics/series-aggregator.ts';

/** Redis' time in the snapshots of tests, in ms. */
export const NOW = 1_000_000;
export const jobs: string = formatColumn({ kind: 'c', name: 'jobs', labels: {} });
export const sum: string = formatColumn({ kind: 'g', name: 'sum', labels: {}, aggregate: 'sum' });
export const max: string = formatColumn({ kind: 'g', name: 'max', labels: {}, aggregate: 'max' });
export const last: string = formatColumn({ kind: 'g', name: 'last', labels: {}, aggregate: 'last' });

/** A process that published 0.5 s ago: 1 for `jobs`, 2 for `sum`, 3 for `max`, 4 for `last`. */
export function member(instance: string, overrides: Partial<Member> = {}): Member {
  const common = {
    service: 's',
    instance,
    epoch: `s|${instance}|0`,
    seq: 5,
    publishedAt: NOW - 500,
    leaseEnds: NOW + 9500,
  };
  return { ...common, columns: [jobs, sum, max, last], values: Float64Array.of(1, 2, 3, 4), ...overrides };
}

/** A snapshot with 10 retired `jobs`. */
export function snapshot(members: Member[], overrides: Partial<Snapshot> = {}): Snapshot {
  const common = {
    now: NOW,
    storeId: 'a',
    since: 0,
    publishedAt: NOW - 500,
    folds: 3,
    recentlyFolded: [],
    retired: new Map([[jobs, 10]]),
  };
  return { ...common, members, unreadable: [], ...overrides };
}

export function byColumn({ columns, values }: SeriesTable): Record<string, number> {
  return Object.fromEntries(columns.map((column, i) => [column, values[i]!]));
}
