import {
  type Database,
  countConversations,
  readCallMarks,
  readChatMarks,
  readSessionMarks,
} from '@prosaas/database';
import type { QueueTotals } from '@prosaas/queues';
import type { BuildInfo } from '@prosaas/runtime';
import type { ChecksContext } from '../routes/checks.ts';
import { type ServicesContext, listReplicas } from '../routes/services.ts';
import type { History } from './history.ts';
import type { LivePart } from './live-scope.ts';

/** Replicas that open pages are told of by themselves; the rest is a request away. */
const MOST_REPLICAS = 50;

export interface PartSources extends Pick<ServicesContext, 'readReplicas'> {
  db: Database;
  history: History;
  build: BuildInfo;
  readTotals: () => Promise<QueueTotals>;
  viewChecks: ChecksContext['viewChecks'];
}

const everyone = ['metrics', 'business', 'admin'] as const;
const readers = ['business', 'admin'] as const;
const operators = ['metrics', 'admin'] as const;

/** What open pages show that changes by itself. */
export function liveParts(sources: PartSources): LivePart[] {
  const { db, history, build, readTotals, readReplicas, viewChecks } = sources;
  return [
    { name: 'build', seenBy: everyone, everyMs: 60_000, read: () => build },
    {
      name: 'health',
      seenBy: everyone,
      everyMs: 1000,
      read: () => viewChecks({ withDetails: false }).map(({ changes: _changes, ...check }) => check),
    },
    {
      name: 'services',
      seenBy: operators,
      everyMs: 2000,
      read: async () => listReplicas(await readReplicas(), MOST_REPLICAS),
    },
    { name: 'figures', seenBy: operators, everyMs: 2000, read: () => history.latest() },
    {
      name: 'chats',
      seenBy: everyone,
      everyMs: 2000,
      read: async ({ businessId }) => {
        const { mine: _mine, ...counts } = await countConversations(db, { businessId, personId: undefined });
        return { ...counts, ...(await readChatMarks(db, businessId)) };
      },
    },
    {
      name: 'sessions',
      seenBy: readers,
      everyMs: 2000,
      read: ({ businessId }) => readSessionMarks(db, businessId),
    },
    {
      name: 'calls',
      seenBy: readers,
      everyMs: 1000,
      read: ({ businessId }) => readCallMarks(db, businessId),
    },
    { name: 'queues', seenBy: operators, everyMs: 2000, read: async () => (await readTotals()).queues },
  ];
}
