import { expect, test } from 'vitest';
import { defineCatalogue } from './catalogue.ts';
import { Publication } from './publication.ts';
import { MetricsRegistry } from './registry.ts';
import { ReferenceStore } from './reference-store.ts';
import type { PublishRequest } from './store.ts';
import { PROTOCOL_TIMES } from './times.ts';

const LEASE_MS = 10_000;
const catalogue = defineCatalogue({ jobs: { type: 'counter', help: 'Jobs.' } });

function start(): {
  store: ReferenceStore;
  count: (n: number) => void;
  request: () => PublishRequest;
  publish: () => void;
  foldLapsed: () => void;
  total: () => number;
} {
  const store = new ReferenceStore();
  store.now = 1_000_000;
  const registry = new MetricsRegistry(catalogue);
  const jobs = registry.counter('jobs');
  const publication = new Publication({ service: 'p', instance: 'p:1' }, LEASE_MS);
  const request = (): PublishRequest => publication.nextRequest(registry.collect(), store.now);
  return {
    store,
    count: (n) => jobs.add(n),
    request,
    publish: () => {
      while (publication.handleReply(store.publish(request()), store.now) !== 'done');
    },
    foldLapsed: () => {
      // Twice, because the first fold notices the gap and gives everyone a lease's time to come back.
      for (let attempt = 0; attempt < 2; attempt++) {
        store.now += LEASE_MS + 1;
        const epochs = store.snapshot().members.map(({ epoch }) => epoch);
        store.fold({ mode: 'lapsed', leaseMs: LEASE_MS, epochs });
      }
      expect(store.snapshot().members).toEqual([]);
    },
    total: () => {
      const { retired, members } = store.snapshot();
      return [...retired.values(), ...members.map(({ values }) => values[0]!)].reduce((sum, n) => sum + n, 0);
    },
  };
}

test('counts lost in a roll-back come back when the process was frozen and folded afterwards', () => {
  const { store, count, publish, foldLapsed, total } = start();
  count(5);
  publish();
  const rollBack = store.save();
  store.now += 1000;
  count(3);
  publish();
  rollBack();
  foldLapsed();
  expect(total()).toBe(5);
  count(1);
  publish();
  expect(total()).toBe(9);
});

test('a roll-back may end at a request that was processed and not acknowledged', () => {
  const { store, count, request, publish, foldLapsed, total } = start();
  count(5);
  publish();
  count(3);
  store.publish(request());
  const rollBack = store.save();
  count(1);
  publish();
  rollBack();
  foldLapsed();
  publish();
  expect(total()).toBe(9);
});

test('counts after a FLUSHALL survive a lost reply', () => {
  const { store, count, request, publish, total } = start();
  count(5);
  publish();
  store.flushAll();
  count(2);
  store.publish(request());
  count(1);
  publish();
  expect(total()).toBe(3);
});

test('an epoch that Redis forgot in a roll-back is counted again, however long Redis was away', () => {
  const { store, count, publish, foldLapsed, total } = start();
  foldLapsed();
  const rollBack = store.save();
  count(5);
  publish();
  rollBack();
  store.now += PROTOCOL_TIMES.tombstoneMs + LEASE_MS / 2 - 1;
  count(1);
  publish();
  expect(total()).toBe(6);
});

test('an unacknowledged epoch whose tombstone has expired does not count twice', () => {
  const { store, count, request, publish, foldLapsed, total } = start();
  count(5);
  store.publish(request());
  foldLapsed();
  store.now += PROTOCOL_TIMES.tombstoneMs;
  count(1);
  publish();
  expect(total()).toBe(6);
});

test('a request that waited in a frozen Redis is as old as its values', () => {
  const { store, publish, request } = start();
  publish();
  store.now += 1000;
  const collectedAt = store.now;
  const waiting = request();
  store.now += 4000;
  store.publish(waiting);
  expect(store.snapshot().members).toMatchObject([
    { publishedAt: collectedAt, leaseEnds: collectedAt + LEASE_MS },
  ]);
});

test('an epoch is not fresh before its first values arrive', () => {
  const { store, count, request } = start();
  count(5);
  store.publish(request());
  const [member] = store.snapshot().members;
  expect(store.now - member!.publishedAt).toBe(LEASE_MS / 2);
});

test('a request that arrives very late still gets half a lease', () => {
  const { store, publish, request } = start();
  publish();
  const waiting = request();
  store.now += 3 * LEASE_MS;
  store.publish(waiting);
  expect(store.snapshot().members).toMatchObject([{ leaseEnds: store.now + LEASE_MS / 2 }]);
});
