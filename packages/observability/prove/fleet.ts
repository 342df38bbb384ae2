import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PROCESSES } from './catalogue.ts';
import { Child } from './child.ts';
import type { CountingOptions } from './counting-process.ts';
import type { Proxy } from './proxy.ts';
import type { Random } from '@prosaas/devstack';
import type { ReadingOptions } from './reading-process.ts';

/** Clock offsets of the processes: up to 5 minutes apart. */
export const CLOCKS_MS: readonly number[] = [-150_000, 0, 150_000];

/** A place of the fleet. A process that ends is replaced by a new one in the same place. */
export interface Place {
  readonly index: number;
  readonly ports: readonly number[];
  readonly proxy: Proxy | undefined;
  who: string;
  version: 0 | 1;
  child: Child;
  busy: boolean;
}

export interface Fleet extends AsyncDisposable {
  readonly folder: string;
  readonly places: readonly Place[];
  readonly readers: readonly Child[];
  /** Paths by process, of all processes that ever counted. */
  readonly ledgers: ReadonlyMap<string, string>;
  readonly readings: readonly string[];
  /** Starts a new process in a place and waits until it counts. */
  start(place: Place, version: 0 | 1, random: Random): Promise<void>;
  /** Runs with a counting process that no other fault affects meanwhile. */
  with<T>(random: Random, run: (place: Place) => Promise<T>): Promise<T>;
}

export interface FleetOptions {
  readonly folder: string;
  readonly cluster: boolean;
  /** Where each process finds Redis. */
  readonly endpoints: readonly { readonly ports: readonly number[]; readonly proxy?: Proxy }[];
  readonly readers: number;
  /** Ports of Redis itself. */
  readonly redis: readonly number[];
  readonly random: Random;
}

export async function startFleet({
  folder,
  cluster,
  endpoints,
  readers: readerCount,
  redis,
  random,
}: FleetOptions): Promise<Fleet> {
  const ledgers = new Map<string, string>();
  const launch = (
    ports: readonly number[],
    version: 0 | 1,
    chance: Random,
  ): { who: string; child: Child } => {
    const who = PROCESSES[ledgers.size];
    if (who === undefined) throw new Error('too many processes for the catalogue');
    const ledger = join(folder, `${who}.ledger`);
    ledgers.set(who, ledger);
    const options: CountingOptions = { who, version, ledger, redis: ports, cluster };
    return { who, child: new Child('counting-process.ts', options, chance.pick(CLOCKS_MS)) };
  };
  const places = endpoints.map(({ ports, proxy }, index): Place => {
    const version = index % 2 === 0 ? 0 : 1;
    return { index, ports, proxy, version, busy: false, ...launch(ports, version, random) };
  });
  const readings = Array.from({ length: readerCount }, (_, i) => join(folder, `reader-${i}.readings`));
  const readers = readings.map((ledger, i) => {
    const options: ReadingOptions = { name: `reader-${i}`, ledger, redis, cluster };
    return new Child('reading-process.ts', options, random.pick(CLOCKS_MS));
  });
  await Promise.all([...places.map(({ child }) => child), ...readers].map(({ working }) => working));

  return {
    folder,
    places,
    readers,
    ledgers,
    readings,
    start: async (place, version, chance) => {
      Object.assign(place, { version, ...launch(place.ports, version, chance) });
      await place.child.working;
    },
    with: async (chance, run) => {
      for (;;) {
        const free = places.filter(({ busy, child }) => !busy && child.isWorking);
        if (free.length === 0) {
          await delay(20);
          continue;
        }
        const place = chance.pick(free);
        place.busy = true;
        try {
          return await run(place);
        } finally {
          place.busy = false;
        }
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...places.map(({ child }) => child), ...readers].map((child) => child.end()));
    },
  };
}
