import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeriesAggregator } from './series-aggregator.ts';
import { defineCatalogue } from './catalogue.ts';
import type { Counter } from './handles.ts';
import { Publication } from './publication.ts';
import { MetricsRegistry } from './registry.ts';
import { ReferenceStore } from './reference-store.ts';
import type { PublishRequest } from './store.ts';

const catalogue = defineCatalogue({
  jobs: { type: 'counter', help: 'Jobs.' },
  more: { type: 'counter', help: 'Bound later: the schema changes.', labels: { kind: ['a', 'b'] } },
});
const LEASE_MS = 10_000;

/** A publishing process behind a network that loses and delays requests. */
class Process {
  counted = 0;
  unanswered = 0;
  #registry = new MetricsRegistry(catalogue);
  #handles: Counter[] = [this.#registry.counter('jobs')];
  #publication: Publication;

  constructor(name: string) {
    this.#publication = new Publication({ service: 'p', instance: name }, LEASE_MS);
  }

  count(n: number): void {
    if (n === 3) this.#handles.push(this.#registry.counter('more', { kind: 'a' }));
    this.#handles.at(-1)!.add(n);
    this.counted += n;
  }

  request(): PublishRequest {
    return this.#publication.nextRequest(this.#registry.collect());
  }

  publish(store: ReferenceStore): void {
    for (let requests = 0; requests < 4; requests++) {
      if (this.#publication.handleReply(store.publish(this.request())) === 'done') {
        this.unanswered = 0;
        return;
      }
    }
    throw new Error('more than four requests');
  }

  leave(store: ReferenceStore): void {
    this.publish(store);
    store.fold({ mode: 'own', leaseMs: LEASE_MS, epochs: [this.#publication.epoch] });
  }
}

const total = (store: ReferenceStore): number =>
  new SeriesAggregator().totals(store.snapshot()).values.reduce((sum, value) => sum + value, 0);

const foldLapsed = (store: ReferenceStore): void => {
  const epochs = store.snapshot().members.map(({ epoch }) => epoch);
  store.fold({ mode: 'lapsed', leaseMs: LEASE_MS, epochs });
};

type Move =
  | { move: 'count'; who: number; n: number }
  | { move: 'publish' | 'lost' | 'delayed'; who: number }
  | { move: 'deliver'; which: number }
  | { move: 'wait'; ms: number }
  | { move: 'fold' }
  | { move: 'rollback' };

const who = fc.nat(2);
const moves: fc.Arbitrary<Move>[] = [
  fc.record({ move: fc.constant('count' as const), who, n: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ move: fc.constantFrom('publish' as const, 'lost' as const, 'delayed' as const), who }),
  fc.record({ move: fc.constant('deliver' as const), which: fc.nat(5) }),
  fc.record({ move: fc.constant('wait' as const), ms: fc.constantFrom(1, 500, 4000, 11_000) }),
  fc.constant<Move>({ move: 'fold' }),
];

/** Checks every step. Returns what was counted and the total after all processes have left. */
function play(sequence: readonly Move[]): [counted: number, total: number] {
  const store = new ReferenceStore();
  store.now = 1_000_000;
  const processes = ['p:1', 'p:2', 'p:3'].map((name) => new Process(name));
  let inFlight: PublishRequest[] = [];
  // Rolled back to before it was opened, it would be another store.
  foldLapsed(store);
  let rollBack = store.save();
  let savedAt = store.now;
  let before = 0;
  for (const move of sequence) {
    const process = 'who' in move ? processes[move.who]! : processes[0]!;
    switch (move.move) {
      case 'count':
        process.count(move.n);
        break;
      case 'publish':
        process.publish(store);
        break;
      case 'lost':
      case 'delayed':
        // The publisher remembers eight unacknowledged requests.
        if (++process.unanswered > 7) process.publish(store);
        else if (move.move === 'lost') store.publish(process.request());
        else inFlight.push(process.request());
        break;
      case 'deliver':
        for (const request of inFlight.splice(move.which, 1)) store.publish(request);
        break;
      case 'wait':
        store.now += move.ms;
        break;
      case 'fold':
        foldLapsed(store);
        break;
      case 'rollback':
        if (store.now - savedAt <= 1000) {
          rollBack();
          // The connections were lost in the crash.
          inFlight = [];
          before = 0;
        }
        break;
    }
    if (store.now - savedAt > 1000) {
      rollBack = store.save();
      savedAt = store.now;
    }
    const counted = processes.reduce((sum, one) => sum + one.counted, 0);
    const present = total(store);
    expect(present).toBeLessThanOrEqual(counted);
    expect(present).toBeGreaterThanOrEqual(before);
    before = present;
  }
  const counted = processes.reduce((sum, one) => sum + one.counted, 0);
  for (const process of processes) process.publish(store);
  expect(total(store)).toBe(counted);
  for (const process of processes) process.leave(store);
  for (const request of inFlight) store.publish(request);
  expect(total(store)).toBe(counted);
  expect(store.snapshot().members).toEqual([]);
  expect(store.schemas).toBe(0);
  return [counted, total(store)];
}

function countsOnce(sequence: readonly Move[]): void {
  const [counted, sum] = play(sequence);
  expect(sum).toBe(counted);
}

test('each count is in the total once, whatever is lost, delayed, frozen and folded', () => {
  const anyOrder = fc.property(fc.array(fc.oneof(...moves), { maxLength: 60 }), countsOnce);
  expect(fc.check(anyOrder, { numRuns: 2000 })).toMatchObject({ failed: false });
});

test('each count is in the total once after Redis lost its last second', () => {
  const withRollBack = fc.oneof(...moves, fc.constant<Move>({ move: 'rollback' }));
  const anyOrder = fc.property(fc.array(withRollBack, { maxLength: 60 }), countsOnce);
  expect(fc.check(anyOrder, { numRuns: 2000 })).toMatchObject({ failed: false });
});

test('after FLUSHALL totals start from zero', () => {
  const store = new ReferenceStore();
  const process = new Process('p:1');
  process.count(5);
  process.publish(store);
  store.flushAll();
  process.count(2);
  process.publish(store);
  expect(total(store)).toBe(2);
});

test('a process frozen for longer than its tombstone lives counts nothing twice', () => {
  const store = new ReferenceStore();
  const process = new Process('p:1');
  process.count(5);
  process.publish(store);
  store.now += 60_000;
  foldLapsed(store);
  store.now += 11_000;
  foldLapsed(store);
  expect(store.snapshot().members).toEqual([]);
  store.now += 8 * 24 * 3600 * 1000;
  process.count(1);
  process.publish(store);
  expect(total(store)).toBe(6);
});
