import { type Database, readChatFigures } from '@prosaas/database';
import type { QueueTotals } from '@prosaas/queues';
import type { BuildInfo } from '@prosaas/runtime';
import type { History } from './history.ts';
import type { LivePart } from './live-scope.ts';

export interface PartSources {
  db: Database;
  history: History;
  build: BuildInfo;
  readTotals: () => Promise<QueueTotals>;
}

const everyone = ['metrics', 'business', 'admin'] as const;
const operators = ['metrics', 'admin'] as const;

/** What open pages show that changes by itself. */
export function liveParts({ db, history, build, readTotals }: PartSources): LivePart[] {
  return [
    { name: 'build', seenBy: everyone, everyMs: 60_000, read: () => build },
    { name: 'figures', seenBy: operators, everyMs: 2000, read: () => history.latest() },
    {
      name: 'chats',
      seenBy: everyone,
      everyMs: 1000,
      read: ({ businessId }) => readChatFigures(db, businessId),
    },
    { name: 'queues', seenBy: operators, everyMs: 2000, read: async () => (await readTotals()).queues },
  ];
}
