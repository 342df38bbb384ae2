import { once } from 'node:events';
import { MetricsReader } from '../src/index.ts';
import { CATALOGUES } from './catalogue.ts';
import { PREFIX } from './catalogue.ts';
import { connect } from './connect.ts';
import type { Fleet } from './fleet.ts';
import { now } from './now.ts';
import { flatten } from './readings.ts';
import { LEASE_MS, TIMES } from './times.ts';
import { until } from './test-bed.ts';

/** All totals while nothing is being counted, read by a new reader. */
export interface Audit {
  readonly begin: number;
  readonly end: number;
  readonly since: number;
  /** The processes that were alive. */
  readonly alive: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, number>;
}

/** Stops counting in all processes, publishes, and waits for a complete reading. Counting stays stopped. */
export async function audit(fleet: Fleet, redis: readonly number[], cluster: boolean): Promise<Audit> {
  await Promise.all(fleet.places.map(({ child }) => child.command('pause')));
  await Promise.all(
    fleet.places.map(({ child, who }) =>
      until(`${who} to publish`, async () => (await child.command('flush')) === 'true'),
    ),
  );
  return readOnce(redis, cluster, new Set(fleet.places.map(({ who }) => who)));
}

/** Reads until a reading is complete and its members are exactly the living processes. */
export async function readOnce(
  redis: readonly number[],
  cluster: boolean,
  alive: ReadonlySet<string>,
): Promise<Audit> {
  const client = connect(redis, cluster);
  try {
    await once(client, 'ready');
    const begin = now();
    await using reader = new MetricsReader({
      redis: client,
      keyPrefix: PREFIX,
      catalogue: CATALOGUES[0]!,
      leaseMs: LEASE_MS,
      times: TIMES,
      onError: () => undefined,
    });
    const reading = await until('a complete reading', async () => {
      const found = await reader.read().catch(() => undefined);
      if (!found) return undefined;
      const members = new Set(found.sources.map(({ instance }) => instance));
      return (
        found.complete && members.size === alive.size && [...alive].every((who) => members.has(who)) && found
      );
    });
    return { begin, end: now(), since: reading.since, alive, values: flatten(reading) };
  } finally {
    client.disconnect();
  }
}
