import { type CheckDefinition, CheckFailure, type ProbeDefinition } from '@prosaas/observability';
import {
  type DatabaseCheckOptions,
  type RedisCheckOptions,
  databaseCheck,
  redisCheck,
} from '@prosaas/telemetry';
import type { SessionManager } from './session-manager.ts';
import type { UnstoredMonitor } from './unstored-monitor.ts';

export interface ChecksOptions {
  database: DatabaseCheckOptions;
  redis: RedisCheckOptions;
  manager: SessionManager;
  unstored: Pick<UnstoredMonitor, 'counts'>;
  /** The first attempt to take sessions is over, with or without success. */
  started: () => boolean;
}

/** The health checks of this replica. It runs on without the database and Redis, so their checks are shown only. */
export function baileysChecks({
  database,
  redis,
  manager,
  unstored,
  started,
}: ChecksOptions): CheckDefinition[] {
  return [
    databaseCheck(database),
    redisCheck(redis),
    {
      name: 'sessions',
      componentType: 'component',
      run() {
        if (!started()) throw new CheckFailure('starting');
        return { facts: { ...sessionFacts(manager) } };
      },
    },
    {
      name: 'inbox',
      componentType: 'component',
      run() {
        const { counts } = unstored;
        if (!counts || counts.quarantined === 0) return { facts: { ...counts } };
        return { status: 'warn', reason: 'quarantined_messages', facts: { ...counts } };
      },
    },
  ];
}

export interface SessionFacts {
  /** Held by this replica. */
  sessions: number;
  working: number;
  /** Counts by reason or status of the sessions that do not work or have a warning. */
  reasons: Record<string, number>;
}

export function sessionFacts(manager: SessionManager): SessionFacts {
  const statuses = manager.statuses().map(({ status }) => status);
  const reasons: Record<string, number> = {};
  for (const { status, reason } of statuses) {
    if (status === 'WORKING' && reason === null) continue;
    const name = (reason ?? status).toLowerCase();
    reasons[name] = (reasons[name] ?? 0) + 1;
  }
  return {
    sessions: statuses.length,
    working: statuses.filter(({ status }) => status === 'WORKING').length,
    reasons,
  };
}

export function baileysProbes(manager: SessionManager): ProbeDefinition[] {
  const common = { required: ['sessions'], shown: ['database', 'redis', 'inbox'], failsWhileDraining: true };
  return [
    {
      ...common,
      path: '/health',
      name: 'health',
      body: {
        pass: () => ({ status: 'ok', sessions: manager.count }),
        fail: ({ checks }) => ({ status: 'unhealthy', sessions: manager.count, checks }),
      },
    },
    {
      ...common,
      path: '/readyz',
      name: 'readyz',
      body: {
        pass: ({ checks }) => ({ ready: true, checks }),
        fail: ({ checks }) => ({ ready: false, checks }),
      },
    },
  ];
}
