import { expect, test } from 'vitest';
import { defineCatalogue } from './catalogue.ts';
import { Publication } from './publication.ts';
import { MetricsRegistry } from './registry.ts';
import { StoreTwin } from './store-twin.ts';
import type { PublishRequest } from './store.ts';
import { PROTOCOL_TIMES } from './times.ts';

const LEASE = 10_000;
const catalogue = defineCatalogue({ jobs: { type: 'counter', help: 'Jobs.' } });

function start(): {
  twin: StoreTwin;
  count: (n: number) => void;
  word: () => PublishRequest;
  publish: () => void;
  foldLapsed: () => void;
  total: () => number;
} {
  const twin = new StoreTwin();
  twin.now = 1_000_000;
  const registry = new MetricsRegistry(catalogue);
  const jobs = registry.counter('jobs');
  const publication = new Publication({ service: 'p', instance: 'p:1' }, LEASE);
  const word = (): PublishRequest => publication.next(registry.collect(), twin.now);
  return {
    twin,
    count: (n) => jobs.add(n),
    word,
    publish: () => {
      while (publication.answered(twin.publish(word()), twin.now) !== 'done');
    },
    foldLapsed: () => {
      // Twice: the first notices that nobody published, and gives everyone a lease's time.
      for (let turn = 0; turn < 2; turn++) {
        twin.now += LEASE + 1;
        const boots = twin.snapshot().members.map(({ boot }) => boot);
        twin.fold({ mode: 'lapsed', leaseMs: LEASE, boots });
      }
      expect(twin.snapshot().members).toEqual([]);
    },
    total: () => {
      const { retired, members } = twin.snapshot();
      return [...retired.values(), ...members.map(({ values }) => values[0]!)].reduce((sum, n) => sum + n, 0);
    },
  };
}

test('what a roll-back took from a process that was then frozen and folded comes back with it', () => {
  const { twin, count, publish, foldLapsed, total } = start();
  count(5);
  publish();
  const rollBack = twin.save();
  twin.now += 1000;
  count(3);
  publish();
  rollBack();
  foldLapsed();
  expect(total()).toBe(5);
  count(1);
  publish();
  expect(total()).toBe(9);
});

test('a roll-back may also end at a word that was taken and not answered', () => {
  const { twin, count, word, publish, foldLapsed, total } = start();
  count(5);
  publish();
  count(3);
  twin.publish(word());
  const rollBack = twin.save();
  count(1);
  publish();
  rollBack();
  foldLapsed();
  publish();
  expect(total()).toBe(9);
});

test('what was counted after Redis lost its data is not lost with an answer that nobody heard', () => {
  const { twin, count, word, publish, total } = start();
  count(5);
  publish();
  twin.flushAll();
  count(2);
  twin.publish(word());
  count(1);
  publish();
  expect(total()).toBe(3);
});

test('a process that Redis forgot in a roll-back has all of its counts again, however long Redis was away', () => {
  const { twin, count, publish, foldLapsed, total } = start();
  foldLapsed();
  const rollBack = twin.save();
  count(5);
  publish();
  rollBack();
  twin.now += PROTOCOL_TIMES.tombstoneMs + LEASE / 2 - 1;
  count(1);
  publish();
  expect(total()).toBe(6);
});

test('a boot that nobody confirmed, and whose tombstone is gone, does not count twice', () => {
  const { twin, count, word, publish, foldLapsed, total } = start();
  count(5);
  twin.publish(word());
  foldLapsed();
  twin.now += PROTOCOL_TIMES.tombstoneMs;
  count(1);
  publish();
  expect(total()).toBe(6);
});

test('a word that waited in a frozen Redis is as old as its values', () => {
  const { twin, publish, word } = start();
  publish();
  twin.now += 1000;
  const collectedAt = twin.now;
  const waiting = word();
  twin.now += 4000;
  twin.publish(waiting);
  expect(twin.snapshot().members).toMatchObject([
    { publishedAt: collectedAt, leaseEnds: collectedAt + LEASE },
  ]);
});

test('a boot is not fresh before its first values are there: it may have counted for long', () => {
  const { twin, count, word } = start();
  count(5);
  twin.publish(word());
  const [member] = twin.snapshot().members;
  expect(twin.now - member!.publishedAt).toBe(LEASE / 2);
});

test('a word that comes very late still gets half a lease', () => {
  const { twin, publish, word } = start();
  publish();
  const waiting = word();
  twin.now += 3 * LEASE;
  twin.publish(waiting);
  expect(twin.snapshot().members).toMatchObject([{ leaseEnds: twin.now + LEASE / 2 }]);
});
