import { ok } from 'node:assert/strict';
import fc from 'fast-check';
import type { PublishRequest } from '../../src/metrics/store.ts';
import { PROTOCOL_TIMES } from '../../src/metrics/times.ts';
import { LEASE, ModelProcess, NOTHING } from './model-process.ts';
import { ModelReader } from './model-reader.ts';
import type { PairedStore } from './paired-store.ts';

type Step =
  | { readonly do: 'count'; readonly who: number; readonly n: number }
  | { readonly do: 'publish' | 'unheard' | 'delay' | 'kill' | 'leave'; readonly who: number }
  | { readonly do: 'deliver'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'read'; readonly reader: number }
  | { readonly do: 'fold' | 'crash' | 'flush' }
  /** Seconds in which all processes count, publish and read, except one that is frozen or cut off. */
  | { readonly do: 'work'; readonly seconds: number; readonly silent: number; readonly counts: boolean };

export type Move =
  | Step
  /** Redis loses the second in which these steps happened. */
  | { readonly do: 'lose'; readonly steps: readonly Step[] };

const who = fc.nat(2);
const just = <const T extends string>(...names: T[]): fc.Arbitrary<T> => fc.constantFrom(...names);
const count = fc.record({ do: just('count'), who, n: fc.integer({ min: 1, max: 3 }) });
const speak = fc.record({ do: just('publish', 'publish', 'unheard', 'delay'), who });
const end = fc.record({ do: just('kill', 'leave'), who });
const look: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: just('read'), reader: fc.nat(1) }),
  fc.record({ do: just('fold') }),
);
const WEEK_MS = PROTOCOL_TIMES.tombstoneMs + 1000;

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: count },
  { weight: 5, arbitrary: speak },
  { weight: 2, arbitrary: fc.record({ do: just('deliver'), which: fc.nat(4) }) },
  {
    weight: 4,
    // A moment, longer than fresh, half a lease, a lease, and sometimes longer than the lifetime of a tombstone.
    arbitrary: fc.record({ do: just('wait'), ms: fc.constantFrom(1, 1, 400, 3100, 5100, 10_100, WEEK_MS) }),
  },
  { weight: 3, arbitrary: look },
  { weight: 1, arbitrary: end },
  { weight: 2, arbitrary: fc.record({ do: just('crash', 'flush', 'flush') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: just('work'),
      seconds: fc.constantFrom(1, 4, 13),
      silent: fc.nat(3),
      counts: fc.boolean(),
    }),
  },
);
const withinASecond = fc.array(fc.oneof(count, speak, speak, look, end), { minLength: 1, maxLength: 6 });

export const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: steps },
    { weight: 1, arbitrary: fc.record({ do: just('lose'), steps: withinASecond }) },
  ),
  { maxLength: 25 },
);

/** Plays a sequence and checks the promises at every step. */
export async function play(sequence: readonly Move[], store: PairedStore): Promise<void> {
  await store.setTime(1_000_000);
  const everyone: ModelProcess[] = [];
  const enlist = (): ModelProcess => {
    const process = new ModelProcess(everyone.length);
    everyone.push(process);
    return process;
  };
  const places = [enlist(), enlist(), enlist()];
  const readers = [new ModelReader(), new ModelReader()];
  let inFlight: PublishRequest[] = [];

  const foldLapsed = async (): Promise<void> => {
    const lapsed = store.reference.snapshot().members.filter(({ leaseEnds }) => leaseEnds <= store.now);
    await store.fold({ mode: 'lapsed', leaseMs: LEASE, epochs: lapsed.map(({ epoch }) => epoch) });
  };
  // Rolled back to before it was opened, it would be another store.
  await foldLapsed();

  const work = async (seconds: number, silent: number, counts: boolean): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      for (const [i, process] of places.entries()) {
        if (i !== silent || counts) process.count(1, store.now);
        if (i !== silent) await process.publish(store);
      }
      for (const reader of readers) await reader.read(store, everyone);
      await foldLapsed();
      await store.setTime(store.now + 1000);
    }
  };
  const take = async (step: Step): Promise<void> => {
    const process = places['who' in step ? step.who : 0]!;
    switch (step.do) {
      case 'count':
        process.count(step.n, store.now);
        break;
      case 'publish':
        await process.publish(store);
        break;
      case 'unheard':
      case 'delay':
        if (process.mustBeAcknowledged) await process.publish(store);
        else if (step.do === 'unheard') await store.publish(process.unacknowledgedRequest(store.now));
        else inFlight.push(process.unacknowledgedRequest(store.now));
        break;
      case 'deliver':
        for (const request of inFlight.splice(step.which, 1)) await store.publish(request);
        break;
      case 'wait':
        await store.setTime(store.now + step.ms);
        // No connection delays a request for a week.
        if (step.ms === WEEK_MS) inFlight = [];
        break;
      case 'read':
        await readers[step.reader]!.read(store, everyone);
        break;
      case 'fold':
        await foldLapsed();
        break;
      case 'kill':
      case 'leave':
        if (everyone.length >= 40) break;
        if (step.do === 'leave') await process.leave(store);
        process.isAlive = false;
        places[step.who] = enlist();
        break;
      case 'crash':
        // Redis keeps its data; only the connections are lost.
        inFlight = [];
        break;
      case 'flush':
        await store.flushAll();
        // Otherwise delayed first requests of a process could open the new store with old counts.
        inFlight = [];
        for (const one of everyone) one.beginAgain();
        await foldLapsed();
        break;
      case 'work':
        await work(step.seconds, step.silent, step.counts);
        break;
    }
  };
  for (const move of sequence) {
    if (move.do !== 'lose') {
      await take(move);
      continue;
    }
    // After a long pause a copy from a second ago looks like an old one, and a new store begins.
    if (store.now - store.reference.snapshot().publishedAt > PROTOCOL_TIMES.maxRollbackMs / 2) continue;
    const restore = await store.save();
    const known = new Map(everyone.map((process) => [process, process.remember()]));
    for (const step of move.steps) {
      await take(step);
      await store.setTime(store.now + 100);
    }
    await restore();
    inFlight = [];
    for (const one of everyone) one.rollBack(known.get(one) ?? NOTHING, store.now);
  }
  for (const process of places) await process.publish(store);
  await settle(store, everyone);
  for (const process of places) await process.leave(store);
  for (const request of inFlight) await store.publish(request);
  await settle(store, everyone);
}

/** After all have published: nothing counts twice, and nothing of a living process is missing. */
async function settle(store: PairedStore, everyone: readonly ModelProcess[]): Promise<void> {
  const { retired, members } = await store.snapshot();
  for (const process of everyone) {
    let total = retired.get(process.column) ?? 0;
    for (const { columns, values } of members) total += values[columns.indexOf(process.column)] ?? 0;
    const { least, most } = process.range(process.isAlive ? process.counted : 0);
    ok(total <= most, `${process.name} counted twice: ${total} of ${most}`);
    ok(total >= least, `${process.name} lost counts: ${total} of ${least}`);
  }
}
