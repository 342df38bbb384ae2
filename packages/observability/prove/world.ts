import { setTimeout as delay } from 'node:timers/promises';
import type { RedisServer } from '@prosaas/devstack';
import type { Redis } from 'ioredis';
import { type StoreKeys, storeKeys } from '../src/metrics/store.ts';
import { PREFIX } from './catalogue.ts';
import type { Fleet } from './fleet.ts';

/** One fault, and whom it hit. Times are monotonic ms. */
export interface Landed {
  readonly kind: string;
  readonly begin: number;
  readonly end: number;
  /** Processes that counted until it hit them; empty when it hit Redis, and so everyone. */
  readonly victims: readonly string[];
  readonly story: string;
}

/** What faults leave behind that the verdict has to know of. */
export interface Marks {
  readonly rollBacks: { readonly copiedAt: number; readonly crashedAt: number }[];
  readonly flushes: { readonly from: number; readonly to: number }[];
  /** Seen while the faults were going on. */
  readonly broken: string[];
}

/** What faults act upon. */
export interface World {
  readonly fleet: Fleet;
  readonly server: RedisServer;
  /** The prover's own connection, straight to Redis. */
  readonly direct: Redis;
  readonly folder: string;
  readonly marks: Marks;
  /** Redis suffers one fault at a time. */
  readonly redisTurn: Turn;
  readonly readersTurn: Turn;
}

export type Turn = <T>(run: () => Promise<T>) => Promise<T>;

/** One after the other. */
export function takingTurns(): Turn {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const turn = last.then(run);
    last = turn.catch(() => undefined);
    return turn;
  };
}

export const KEYS: StoreKeys = storeKeys(PREFIX);

/** Asks until there is an answer: Redis may be away just now. */
export async function ask<T>(question: () => Promise<T>): Promise<T> {
  return until('an answer of Redis', async () => {
    try {
      return { answer: await question() };
    } catch {
      return undefined;
    }
  }).then(({ answer }) => answer);
}

export async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const patience = performance.now() + 40_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > patience) throw new Error(`waited 40 s in vain for ${what}`);
    await delay(20);
  }
}
