import {
  type Database,
  countConversations,
  readCallVersion,
  readChatVersion,
  readDeadLetterDepth,
  readSessionOverview,
} from '@prosaas/database';
import type { QueueTotals } from '@prosaas/queues';
import type { BuildInfo } from '@prosaas/runtime';
import type { CheckView } from '../checks/view.ts';
import type { CompletionRates } from '../completion-rates.ts';
import { type ReplicaInfo, summarizeReplicas } from '../replicas.ts';
import type { LivePart } from './live-scope.ts';
import type { MetricsHistory } from './metrics-history.ts';

/** GET /api/services lists more. */
const MAX_REPLICAS = 50;

export interface PartSources {
  db: Database;
  history: MetricsHistory;
  build: BuildInfo;
  /** @throws RedisUnavailable */
  readReplicas: () => Promise<ReplicaInfo[]>;
  readTotals: () => Promise<QueueTotals>;
  rates: Pick<CompletionRates, 'perMinute'>;
  deadLetterDays: number;
  viewChecks: (options: { withDetails: boolean }) => CheckView[];
}

const everyone = ['metrics', 'business', 'admin'] as const;
const readers = ['business', 'admin'] as const;
const operators = ['metrics', 'admin'] as const;

/** The values that open pages get without a request. */
export function liveParts(sources: PartSources): LivePart[] {
  const { db, history, build, readReplicas, viewChecks, deadLetterDays } = sources;
  return [
    { name: 'build', seenBy: everyone, intervalMs: 60_000, read: () => build },
    {
      name: 'health',
      seenBy: everyone,
      intervalMs: 1000,
      read: () => viewChecks({ withDetails: false }).map(liveCheckOf),
    },
    {
      name: 'services',
      seenBy: operators,
      intervalMs: 5000,
      read: async () => summarizeReplicas(await readReplicas(), MAX_REPLICAS),
    },
    { name: 'figures', seenBy: operators, intervalMs: 2000, read: () => history.latest() },
    {
      name: 'chats',
      seenBy: everyone,
      intervalMs: 1000,
      read: async ({ businessId }) => {
        const { mine: _mine, ...counts } = await countConversations(db, { businessId, personId: undefined });
        return { ...counts, ...(await readChatVersion(db, businessId)) };
      },
    },
    {
      name: 'sessions',
      seenBy: readers,
      intervalMs: 2000,
      read: ({ businessId }) => readSessionOverview(db, businessId),
    },
    {
      name: 'calls',
      seenBy: readers,
      intervalMs: 1000,
      read: ({ businessId }) => readCallVersion(db, businessId),
    },
    { name: 'queues', seenBy: operators, intervalMs: 2000, read: () => readQueues(sources) },
    {
      name: 'dead_letter',
      seenBy: everyone,
      intervalMs: 2000,
      read: async ({ businessId }) => ({
        ...(await readDeadLetterDepth(db, businessId)),
        kept_days: deadLetterDays,
      }),
    },
  ];
}

/** Leaves out the changes, which a page requests, and rounds ages, which would otherwise be a change every second. */
function liveCheckOf({ changes: _changes, facts, ...check }: CheckView): Omit<CheckView, 'changes'> {
  const roundAge = ([name, value]: [string, unknown]): [string, unknown] => {
    if (!name.endsWith('_seconds') || typeof value !== 'number') return [name, value];
    const step = value < 120 ? 10 : 60;
    return [name, Math.floor(value / step) * step];
  };
  return { ...check, facts: Object.fromEntries(Object.entries(facts).map(roundAge)) };
}

async function readQueues({ readTotals, rates }: PartSources): Promise<object> {
  const { queues } = await readTotals();
  return Object.fromEntries(
    Object.entries(queues).map(([name, { paused, waiting, active, delayed, oldestAgeSeconds }]) => [
      name,
      { paused, waiting, active, delayed, oldestAgeSeconds, completedPerMinute: rates.perMinute(name) },
    ]),
  );
}
