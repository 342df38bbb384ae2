import { median } from './statistics.ts';

export interface TimedOperation {
  run: () => Promise<unknown>;
  /** Awaited before the next turn, and not measured. */
  settle?: () => Promise<unknown>;
  turns: number;
}

/**
 * Elapsed microseconds of each turn of each operation, by round. In each round all operations take their turns, in an order that changes.
 * For operations that wait for a server, where CPU time says nothing.
 */
export async function turnsInRounds(
  operations: Readonly<Record<string, TimedOperation>>,
  rounds = 9,
): Promise<Record<string, number[][]>> {
  const entries = Object.entries(operations);
  const results: Record<string, number[][]> = Object.fromEntries(entries.map(([name]) => [name, []]));
  for (let round = -2; round < rounds; round++) {
    for (const [name, { run, settle, turns }] of round % 2 === 0 ? entries : entries.toReversed()) {
      const times: number[] = [];
      for (let turn = 0; turn < turns; turn++) {
        const before = performance.now();
        await run();
        times.push((performance.now() - before) * 1000);
        await settle?.();
      }
      // The first two rounds warm up.
      if (round >= 0) results[name]!.push(times);
    }
  }
  return results;
}

/** Like `turnsInRounds`, with one number a round: the median of its turns. */
export async function timeInRounds(
  operations: Readonly<Record<string, TimedOperation>>,
  rounds?: number,
): Promise<Record<string, number[]>> {
  const turns = await turnsInRounds(operations, rounds);
  return Object.fromEntries(Object.entries(turns).map(([name, times]) => [name, times.map(median)]));
}
