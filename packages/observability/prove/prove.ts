import { Random } from '@prosaas/devstack';
import { proveCluster } from './run-cluster.ts';
import { type Outcome, proveSingle } from './run.ts';

export interface ProveOptions {
  readonly seed: number;
  /** A few faults of each kind instead of ten. */
  readonly short: boolean;
  readonly print: (line: string) => void;
}

/** Runs all faults and prints the result. Resolves to `false` when a promise was broken. */
export async function prove({ seed, short, print }: ProveOptions): Promise<boolean> {
  const random = new Random(seed);
  const began = performance.now();
  print(`seed ${seed}`);
  const plan = short ? { rounds: 1, share: 0.15, print } : { rounds: 10, share: 0.1, print };
  // Two independent runs at the same time.
  const outcomes = await Promise.all([
    proveSingle(random.fork(), plan),
    proveCluster(random.fork(), short ? 1 : 11),
  ]);
  return report(outcomes, short ? 0 : 10, began, print);
}

function report(
  outcomes: readonly Outcome[],
  atLeast: number,
  began: number,
  print: (line: string) => void,
): boolean {
  const kinds = new Map<string, number>();
  for (const { kind } of outcomes.flatMap(({ faults }) => faults))
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  for (const [kind, count] of [...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    print(`${String(count).padStart(5)}  ${kind}`);
  for (const { verdict, folder } of outcomes) {
    const { broken, readings, complete, exact, allowed, counted, lost, longestLossMs } = verdict;
    print(`${counted} counted, ${readings} readings, ${complete} of them complete`);
    print(`${exact} totals compared exactly, ${allowed} within what is allowed to be missing`);
    print(
      `killed processes took ${lost} with them; while Redis was well at most ${Math.round(longestLossMs)} ms of counting`,
    );
    for (const one of broken) print(`BROKEN: ${one}`);
    if (broken.length > 0) print(`ledgers: ${folder}`);
  }
  const faults = outcomes.reduce((sum, outcome) => sum + outcome.faults.length, 0);
  const few = [...kinds].filter(([, count]) => count < atLeast).map(([kind]) => kind);
  if (few.length > 0) print(`BROKEN: fewer than ${atLeast} of ${few.join(', ')}`);
  if (faults < 20 * atLeast) print(`BROKEN: fewer than ${20 * atLeast} faults`);
  const kept =
    few.length === 0 &&
    faults >= 20 * atLeast &&
    outcomes.every(({ verdict }) => verdict.broken.length === 0);
  const seconds = Math.round((performance.now() - began) / 1000);
  print(`${kept ? 'kept' : 'BROKEN'}: ${faults} faults in ${seconds} s`);
  return kept;
}
