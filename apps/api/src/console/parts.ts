import {
  type Database,
  countConversations,
  readCallVersion,
  readChatVersion,
  readDeadLetterDepth,
  readSessionOverview,
} from '@prosaas/database';
import type { QueueTotals } from '@prosaas/queues';
import type { CheckView } from '../checks/view.ts';
import type { BuildInfo } from '@prosaas/runtime';
import type { CompletionRates } from '../completion-rates.ts';
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
  rates: Pick<CompletionRates, 'perMinute'>;
  deadLetterDays: number;
  viewChecks: ChecksContext['viewChecks'];
}

const everyone = ['metrics', 'business', 'admin'] as const;
const readers = ['business', 'admin'] as const;
const operators = ['metrics', 'admin'] as const;

/** What open pages show that changes by itself. */
export function liveParts(sources: PartSources): LivePart[] {
  const { db, history, build, readReplicas, viewChecks, deadLetterDays } = sources;
  return [
    { name: 'build', seenBy: everyone, everyMs: 60_000, read: () => build },
    {
      name: 'health',
      seenBy: everyone,
      everyMs: 1000,
      read: () => viewChecks({ withDetails: false }).map(liveCheckOf),
    },
    {
      name: 'services',
      seenBy: operators,
      everyMs: 5000,
      read: async () => listReplicas(await readReplicas(), MOST_REPLICAS),
    },
    { name: 'figures', seenBy: operators, everyMs: 2000, read: () => history.latest() },
    {
      name: 'chats',
      seenBy: everyone,
      everyMs: 1000,
      read: async ({ businessId }) => {
        const { mine: _mine, ...counts } = await countConversations(db, { businessId, personId: undefined });
        return { ...counts, ...(await readChatVersion(db, businessId)) };
      },
    },
    {
      name: 'sessions',
      seenBy: readers,
      everyMs: 2000,
      read: ({ businessId }) => readSessionOverview(db, businessId),
    },
    {
      name: 'calls',
      seenBy: readers,
      everyMs: 1000,
      read: ({ businessId }) => readCallVersion(db, businessId),
    },
    { name: 'queues', seenBy: operators, everyMs: 2000, read: () => readQueues(sources) },
    {
      name: 'dead_letter',
      seenBy: everyone,
      everyMs: 2000,
      read: async ({ businessId }) => ({
        ...(await readDeadLetterDepth(db, businessId)),
        kept_days: deadLetterDays,
      }),
    },
  ];
}

/** Without what a page asks for when it shows it, and with ages in steps: they must not make a change of every second. */
function liveCheckOf({ changes: _changes, facts, ...check }: CheckView): Omit<CheckView, 'changes'> {
  const inSteps = ([name, value]: [string, unknown]): [string, unknown] => {
    if (!name.endsWith('_seconds') || typeof value !== 'number') return [name, value];
    const step = value < 120 ? 10 : 60;
    return [name, Math.floor(value / step) * step];
  };
  return { ...check, facts: Object.fromEntries(Object.entries(facts).map(inSteps)) };
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
