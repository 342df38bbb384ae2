import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Columns } from './columns.ts';
import { defineCatalogue } from './catalogue.ts';
import type { Counter } from './handles.ts';
import { Publication } from './publication.ts';
import { MetricsRegistry } from './registry.ts';
import { StoreTwin } from './store-twin.ts';
import type { PublishRequest } from './store.ts';

const catalogue = defineCatalogue({
  jobs: { type: 'counter', help: 'Jobs.' },
  more: { type: 'counter', help: 'Bound later: the schema changes.', labels: { kind: ['a', 'b'] } },
});
const LEASE = 10_000;

/** A process as the publisher drives it, with a network that loses and delays. */
class Process {
  counted = 0;
  unanswered = 0;
  #registry = new MetricsRegistry(catalogue);
  #handles: Counter[] = [this.#registry.counter('jobs')];
  #publication: Publication;

  constructor(name: string) {
    this.#publication = new Publication({ service: 'p', instance: name }, LEASE);
  }

  count(n: number): void {
    if (n === 3) this.#handles.push(this.#registry.counter('more', { kind: 'a' }));
    this.#handles.at(-1)!.add(n);
    this.counted += n;
  }

  word(): PublishRequest {
    return this.#publication.next(this.#registry.collect());
  }

  publish(twin: StoreTwin): void {
    for (let words = 0; words < 4; words++) {
      if (this.#publication.answered(twin.publish(this.word())) === 'done') {
        this.unanswered = 0;
        return;
      }
    }
    throw new Error('more than four words');
  }

  leave(twin: StoreTwin): void {
    this.publish(twin);
    twin.fold({ mode: 'own', leaseMs: LEASE, boots: [this.#publication.boot] });
  }
}

const total = (twin: StoreTwin): number =>
  new Columns().totals(twin.snapshot()).values.reduce((sum, value) => sum + value, 0);

const foldLapsed = (twin: StoreTwin): void => {
  const boots = twin.snapshot().members.map(({ boot }) => boot);
  twin.fold({ mode: 'lapsed', leaseMs: LEASE, boots });
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

/** Checks every step, and gives what was counted and what the total is when all have left. */
function play(sequence: readonly Move[]): [counted: number, total: number] {
  const twin = new StoreTwin();
  twin.now = 1_000_000;
  const processes = ['p:1', 'p:2', 'p:3'].map((name) => new Process(name));
  let inFlight: PublishRequest[] = [];
  // Rolled back to before its beginning, it would be another store.
  foldLapsed(twin);
  let rollBack = twin.save();
  let savedAt = twin.now;
  let before = 0;
  for (const move of sequence) {
    const process = 'who' in move ? processes[move.who]! : processes[0]!;
    switch (move.move) {
      case 'count':
        process.count(move.n);
        break;
      case 'publish':
        process.publish(twin);
        break;
      case 'lost':
      case 'delayed':
        // The publisher remembers eight words without an answer.
        if (++process.unanswered > 7) process.publish(twin);
        else if (move.move === 'lost') twin.publish(process.word());
        else inFlight.push(process.word());
        break;
      case 'deliver':
        for (const request of inFlight.splice(move.which, 1)) twin.publish(request);
        break;
      case 'wait':
        twin.now += move.ms;
        break;
      case 'fold':
        foldLapsed(twin);
        break;
      case 'rollback':
        if (twin.now - savedAt <= 1000) {
          rollBack();
          // Redis crashed: connections died with it.
          inFlight = [];
          before = 0;
        }
        break;
    }
    if (twin.now - savedAt > 1000) {
      rollBack = twin.save();
      savedAt = twin.now;
    }
    const counted = processes.reduce((sum, one) => sum + one.counted, 0);
    const present = total(twin);
    expect(present).toBeLessThanOrEqual(counted);
    expect(present).toBeGreaterThanOrEqual(before);
    before = present;
  }
  const counted = processes.reduce((sum, one) => sum + one.counted, 0);
  for (const process of processes) process.publish(twin);
  expect(total(twin)).toBe(counted);
  for (const process of processes) process.leave(twin);
  for (const request of inFlight) twin.publish(request);
  expect(total(twin)).toBe(counted);
  expect(twin.snapshot().members).toEqual([]);
  expect(twin.schemas).toBe(0);
  return [counted, total(twin)];
}

function countsOnce(sequence: readonly Move[]): void {
  const [counted, sum] = play(sequence);
  expect(sum).toBe(counted);
}

test('each count is in the total once, whatever is lost, delayed, frozen and folded on the way', () => {
  const anyOrder = fc.property(fc.array(fc.oneof(...moves), { maxLength: 60 }), countsOnce);
  expect(fc.check(anyOrder, { numRuns: 2000 })).toMatchObject({ failed: false });
});

test('each count is in the total once after Redis rolled back its last second', () => {
  const withRollBack = fc.oneof(...moves, fc.constant<Move>({ move: 'rollback' }));
  const anyOrder = fc.property(fc.array(withRollBack, { maxLength: 60 }), countsOnce);
  expect(fc.check(anyOrder, { numRuns: 2000 })).toMatchObject({ failed: false });
});

test('after Redis lost its data everyone starts from zero, and what is counted from then on counts', () => {
  const twin = new StoreTwin();
  const process = new Process('p:1');
  process.count(5);
  process.publish(twin);
  twin.flushAll();
  process.count(2);
  process.publish(twin);
  expect(total(twin)).toBe(2);
});

test('a process frozen for longer than its tombstone loses what was not published, and doubles nothing', () => {
  const twin = new StoreTwin();
  const process = new Process('p:1');
  process.count(5);
  process.publish(twin);
  twin.now += 60_000;
  foldLapsed(twin);
  twin.now += 11_000;
  foldLapsed(twin);
  expect(twin.snapshot().members).toEqual([]);
  twin.now += 8 * 24 * 3600 * 1000;
  process.count(1);
  process.publish(twin);
  expect(total(twin)).toBe(6);
});
