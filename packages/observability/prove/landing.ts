import type { Ledger } from './ledger.ts';
import type { Landed } from './world.ts';

const AROUND_MS = 2000;
const AT_LEAST = 3;

/** A fault that hits idle processes proves nothing: only those count before and after which others were counting. */
export function atWork(faults: readonly Landed[], ledgers: ReadonlyMap<string, Ledger>): Landed[] {
  return faults.filter(({ begin, end, victims }) => {
    if (victims.some((who) => !ledgers.get(who)?.workedBetween(begin - AROUND_MS, begin))) return false;
    const working = [...ledgers.values()].filter(
      (ledger) =>
        ledger.workedBetween(begin - AROUND_MS, begin) && ledger.workedBetween(begin, end + AROUND_MS),
    );
    return working.length >= AT_LEAST;
  });
}
