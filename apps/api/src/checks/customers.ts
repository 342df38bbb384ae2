import { type Queryable, type WaitingStats, hasTable, readWaitingStats } from '@prosaas/database';
import { type CheckDefinition, CheckFailure, type CheckReport } from '@prosaas/observability';
import { queryDatabase } from '@prosaas/telemetry';

/** Warns if customers still wait after people were notified twice, or if nobody can be notified of them. */
export function waitingReport(stats: WaitingStats): CheckReport {
  const { conversations, oldest_age_seconds: oldest, unattended, not_notifiable } = stats;
  const facts = {
    waiting: conversations,
    ...(conversations > 0 && { oldest_age_seconds: Math.round(oldest) }),
    ...(not_notifiable > 0 && { not_notifiable }),
  };
  if (unattended === 0 && not_notifiable === 0) return { facts };
  const late = unattended > 0 && {
    unattended,
    unattended_age_seconds: Math.round(stats.unattended_age_seconds),
  };
  return { status: 'warn', reason: 'customers_waiting', facts: { ...facts, ...late } };
}

export function customersCheck({ db }: { db: Queryable }): CheckDefinition {
  let isMigrated = false;
  return {
    name: 'customers',
    componentType: 'component',
    async run() {
      const stats = await queryDatabase(
        async () => {
          isMigrated ||= await hasTable(db, 'notices');
          return isMigrated ? readWaitingStats(db) : undefined;
        },
        { prefix: 'database_' },
      );
      if (stats === undefined) throw new CheckFailure('pending_migrations');
      return waitingReport(stats);
    },
  };
}
