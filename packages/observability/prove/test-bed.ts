import { setTimeout as delay } from 'node:timers/promises';
import type { RedisServer } from '@prosaas/devstack';
import type { Redis } from 'ioredis';
import { type StoreKeys, storeKeys } from '../src/metrics/store.ts';
import { PREFIX } from './catalogue.ts';
import type { Fleet } from './fleet.ts';

/** One fault and the processes it hit. Times are monotonic ms. */
export interface InjectedFault {
  readonly kind: string;
  readonly begin: number;
  readonly end: number;
  /** The processes it hit; empty when it hit Redis, and so all of them. */
  readonly victims: readonly string[];
  readonly description: string;
}

/** What the verification has to know about the faults of Redis. */
export interface Incidents {
  readonly rollBacks: { readonly copiedAt: number; readonly crashedAt: number }[];
  readonly flushes: { readonly from: number; readonly to: number }[];
  /** Violations that were seen while faults were injected. */
  readonly broken: string[];
}

/** Everything that faults act on. */
export interface TestBed {
  readonly fleet: Fleet;
  readonly server: RedisServer;
  /** A direct connection to Redis. */
  readonly direct: Redis;
  readonly folder: string;
  readonly incidents: Incidents;
  /** Held while a fault affects Redis, so that there is one at a time. */
  readonly withRedisLock: Mutex;
  readonly withReadersLock: Mutex;
}

export type Mutex = <T>(run: () => Promise<T>) => Promise<T>;

/** Runs functions one after the other. */
export function mutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const turn = last.then(run);
    last = turn.catch(() => undefined);
    return turn;
  };
}

export const KEYS: StoreKeys = storeKeys(PREFIX);

/** Tries again until it succeeds, because Redis may be away. */
export async function retry<T>(question: () => Promise<T>): Promise<T> {
  return until('an answer of Redis', async () => {
    try {
      return { answer: await question() };
    } catch {
      return undefined;
    }
  }).then(({ answer }) => answer);
}

export async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + 40_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited 40 s in vain for ${what}`);
    await delay(20);
  }
}
