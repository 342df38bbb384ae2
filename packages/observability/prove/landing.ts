import type { Ledger } from './ledger.ts';
import type { Landed } from './world.ts';

const AROUND_MS = 2000;
const AT_LEAST = 3;

/** A fault that hits idle processes proves nothing: who of the others counted right before and right after it? */
export function notAtWork(faults: readonly Landed[], ledgers: ReadonlyMap<string, Ledger>): string[] {
  return faults.flatMap(({ kind, begin, end, victims, story }) => {
    const idle = victims.filter((who) => !ledgers.get(who)?.workedBetween(begin - AROUND_MS, begin));
    const working = [...ledgers.values()].filter(
      (ledger) =>
        ledger.workedBetween(begin - AROUND_MS, begin) && ledger.workedBetween(begin, end + AROUND_MS),
    );
    if (idle.length === 0 && working.length >= AT_LEAST) return [];
    const whom =
      idle.length > 0 ? `${idle.join()} did not count` : `only ${working.length} processes counted`;
    return [`a fault hit nobody at work (${kind}: ${story}): ${whom}`];
  });
}
