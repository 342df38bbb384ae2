import { median } from './statistics.ts';

/**
 * Microseconds that each operation takes, one number a round: the median of `turns` calls. In each round all take their
 * turns, in an order that changes. For what waits on a server, where CPU time says nothing.
 */
export async function timeInRounds(
  operations: Readonly<Record<string, { run: () => Promise<unknown>; turns: number }>>,
  rounds = 9,
): Promise<Record<string, number[]>> {
  const entries = Object.entries(operations);
  const results: Record<string, number[]> = Object.fromEntries(entries.map(([name]) => [name, []]));
  for (let round = -2; round < rounds; round++) {
    for (const [name, { run, turns }] of round % 2 === 0 ? entries : entries.toReversed()) {
      const times: number[] = [];
      for (let turn = 0; turn < turns; turn++) {
        const before = performance.now();
        await run();
        times.push((performance.now() - before) * 1000);
      }
      // The first two rounds warm up.
      if (round >= 0) results[name]!.push(median(times));
    }
  }
  return results;
}
