import type { Audit } from './audit.ts';
import { SERIES } from './catalogue.ts';
import { Allowance } from './allowance.ts';
import type { Ledger, SeriesName } from './ledger.ts';
import type { ReadingSeen } from './readings.ts';
import { LEASE_MS, TIMES } from './times.ts';
import type { Landed, Marks } from './world.ts';

export interface Evidence {
  readonly ledgers: ReadonlyMap<string, Ledger>;
  /** Of each reader, in order. */
  readonly readings: readonly Iterable<ReadingSeen>[];
  readonly audits: readonly Audit[];
  readonly faults: readonly Landed[];
  readonly marks: Marks;
}

export interface Verdict {
  readonly broken: readonly string[];
  readonly readings: number;
  readonly complete: number;
  /** Totals that were compared: with no allowance at all, and with one. */
  readonly exact: number;
  readonly allowed: number;
  readonly counted: number;
  /** Of the jobs counted, what killed processes took with them. */
  readonly lost: number;
  /** The longest time whose counts a killed process lost although Redis was well, ms. */
  readonly longestLossMs: number;
}

/** Redis' clock is read in whole milliseconds. */
const TOLERANCE_MS = 2;
const GOES_ON_MS = 300;
const MAX_BROKEN = 20;

/** Holds what was read against what was counted. */
export function judge(evidence: Evidence): Verdict {
  const { ledgers, audits, faults, marks } = evidence;
  const allowance = new Allowance(ledgers, marks);
  const broken = [...marks.broken, ...allowance.broken];
  const told = new Set<string>();
  const tell = (what: string, at: number): void => {
    // The same again, with other numbers, helps nobody.
    const kind = what.replaceAll(/\b[\d.]+\b/g, 'n').replace(/^reader-\S+/, '');
    if (broken.length >= MAX_BROKEN || told.has(kind)) return;
    told.add(kind);
    const before = faults.filter(({ begin, end }) => begin <= at && end >= at - 5000);
    const stories = before.map(({ begin, story }) => `    ${Math.round(begin - at)} ms: ${story}`);
    broken.push([what, ...stories].join('\n'));
  };

  const sinces = [...new Set(audits.map(({ since }) => since))].toSorted((a, b) => a - b);
  let readings = 0;
  let complete = 0;
  for (const ofOne of evidence.readings) {
    let last: ReadingSeen | undefined;
    const completeSinces = new Set<number>();
    for (const reading of ofOne) {
      readings++;
      if (last && last.since === reading.since) noneFell(last, reading, tell);
      else if (last && last.since > reading.since) tell(`${reading.name}: since went back`, reading.end);
      const storeIndex = sinces.indexOf(reading.since);
      if (storeIndex === -1) tell(`${reading.name}: since is ${reading.since}, of no store`, reading.end);
      last = reading;
      for (const ledger of ledgers.values()) judgeOne(reading, storeIndex, ledger, allowance, tell);
      if (!reading.complete) continue;
      complete++;
      completeSinces.add(reading.since);
    }
    for (const { since, end } of audits) {
      if (!completeSinces.has(since))
        tell(`no reading of ${last?.name} was ever complete since ${since}`, end);
    }
  }
  return {
    broken,
    readings,
    complete,
    ...judgeAudits(evidence, allowance, sinces, tell),
  };
}

type Tell = (what: string, at: number) => void;

function noneFell(before: ReadingSeen, after: ReadingSeen, tell: Tell): void {
  for (const [key, value] of before.values) {
    if (key.startsWith('alive ')) continue;
    const present = after.values.get(key) ?? 0;
    if (present < value)
      tell(`${after.name}: ${key} fell from ${value} to ${present} with the same since`, after.end);
  }
}

/** Nothing twice, and nothing missing where the reading says so. */
function judgeOne(
  { name, begin, end, values, complete }: ReadingSeen,
  storeIndex: number,
  ledger: Ledger,
  allowance: Allowance,
  tell: Tell,
): void {
  const { who } = ledger;
  if (ledger.bornAt > end) return;
  if (allowance.isPast(ledger, storeIndex)) {
    if (values.has(`jobs ${who}`)) tell(`${name}: ${who} is of a time before this store`, end);
    return;
  }
  // What Redis rolled back counts as said by those alone who go on and will say it again.
  const goesOn = ledger.workedBetween(end, end + GOES_ON_MS);
  const last = goesOn ? ledger.takenBy(begin) : allowance.securedWord(ledger, storeIndex, begin);
  const isLive = last !== undefined && last.collectedAt + LEASE_MS > end + TOLERANCE_MS;
  for (const series of SERIES) {
    const value = values.get(`${series} ${who}`) ?? 0;
    const most = allowance.most(ledger, series, storeIndex, ledger.countedBy(end, series));
    if (value > most) tell(`${name}: ${series} of ${who} is ${value}; at most ${most} were counted`, end);
    if (!complete) continue;
    const due = ledger.countedBy(begin - TIMES.freshMs - TOLERANCE_MS, series);
    const secured = allowance.secured(ledger, series, storeIndex, begin);
    const least = allowance.least(
      ledger,
      series,
      storeIndex,
      isLive ? Math.max(due, secured) : secured,
      begin,
    );
    if (value < least) {
      const live = isLive ? `live, word of ${Math.round(begin - last.collectedAt)} ms ago` : 'gone';
      tell(`${name}: complete, but ${series} of ${who} (${live}) is ${value} and not ${least}`, end);
    }
  }
  if ((values.get(`sum ${who}`) ?? 0) !== (values.get(`jobs ${who}`) ?? 0))
    tell(`${name}: histogram and counter of ${who} differ`, end);
  if (complete && (values.get(`alive ${who}`) ?? 0) > 0) {
    const word = ledger.collectedBy(end);
    if (word.at < begin - TIMES.freshMs - TOLERANCE_MS)
      tell(`${name}: complete, and shows the gauge of ${who}, which is gone`, end);
  }
}

function judgeAudits(
  { audits, ledgers, faults }: Evidence,
  allowance: Allowance,
  sinces: readonly number[],
  tell: Tell,
): Pick<Verdict, 'exact' | 'allowed' | 'counted' | 'lost' | 'longestLossMs'> {
  let exact = 0;
  let allowed = 0;
  let lost = 0;
  let longestLossMs = 0;
  for (const [i, { begin, alive, values, since }] of audits.entries()) {
    const storeIndex = sinces.indexOf(since);
    for (const ledger of ledgers.values()) {
      const { who } = ledger;
      if (ledger.bornAt > begin || allowance.isPast(ledger, storeIndex)) continue;
      for (const series of SERIES) {
        const value = values.get(`${series} ${who}`) ?? 0;
        const isAlive = alive.has(who);
        const counted = ledger.countedBy(begin, series);
        const collected = ledger.collectedBy(begin);
        const most = allowance.most(ledger, series, storeIndex, isAlive ? counted : collected[series]);
        const secured = isAlive ? counted : allowance.secured(ledger, series, storeIndex, begin);
        const least = Math.min(most, allowance.least(ledger, series, storeIndex, secured, begin));
        const bases = isAlive ? allowance.bases(ledger, series, storeIndex, begin) : undefined;
        if (least === most || bases) exact++;
        else allowed++;
        if (bases && !bases.includes(counted - value))
          tell(`audit ${i + 1}: ${series} of ${who} is ${value}, and ${counted} were counted`, begin);
        if (value < least || value > most) {
          const range = least === most ? `${most}` : `${least} to ${most}`;
          tell(`audit ${i + 1}: ${series} of ${who} is ${value}; counted: ${range}`, begin);
        }
        if (series === 'jobs' && !isAlive && ledger.leftAt === undefined) {
          const missing = counted - value - allowance.base(ledger, series, storeIndex).most;
          lost += Math.max(0, missing);
        }
      }
      const word = ledger.takenBy(Infinity)?.collectedAt;
      if (alive.has(who) || ledger.leftAt !== undefined || word === undefined) continue;
      const disturbed = faults.some(
        ({ kind, begin: from, end: to, victims }) =>
          from < ledger.endedAt &&
          to > word - TIMES.limitMs &&
          (/Redis|FLUSHALL|folders|node|slot/.test(kind) || (kind === 'lost reply' && victims.includes(who))),
      );
      if (!disturbed) longestLossMs = Math.max(longestLossMs, ledger.endedAt - word);
    }
  }
  const counted = [...ledgers.values()].reduce(
    (sum, ledger) => sum + ledger.countedBy(Infinity, 'jobs' satisfies SeriesName),
    0,
  );
  return { exact, allowed, counted, lost, longestLossMs };
}
