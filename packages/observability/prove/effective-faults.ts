import type { Ledger } from './ledger.ts';
import type { InjectedFault } from './test-bed.ts';

const AROUND_MS = 2000;
const AT_LEAST = 3;

/** The faults that hit processes at work: others were counting before and after them. A fault without work shows nothing. */
export function effectiveFaults(
  faults: readonly InjectedFault[],
  ledgers: ReadonlyMap<string, Ledger>,
): InjectedFault[] {
  return faults.filter(({ begin, end, victims }) => {
    if (victims.some((who) => !ledgers.get(who)?.workedBetween(begin - AROUND_MS, begin))) return false;
    const working = [...ledgers.values()].filter(
      (ledger) =>
        ledger.workedBetween(begin - AROUND_MS, begin) && ledger.workedBetween(begin, end + AROUND_MS),
    );
    return working.length >= AT_LEAST;
  });
}
