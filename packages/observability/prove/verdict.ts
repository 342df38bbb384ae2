import type { Audit } from './audit.ts';
import { SERIES } from './catalogue.ts';
import { AllowedLoss } from './allowed-loss.ts';
import type { Ledger, SeriesName } from './ledger.ts';
import type { ReadingSeen } from './readings.ts';
import { LEASE_MS, TIMES } from './times.ts';
import type { InjectedFault, Incidents } from './test-bed.ts';

export interface Observations {
  readonly ledgers: ReadonlyMap<string, Ledger>;
  /** The readings of each reader, in order. */
  readonly readings: readonly Iterable<ReadingSeen>[];
  readonly audits: readonly Audit[];
  readonly faults: readonly InjectedFault[];
  readonly incidents: Incidents;
}

export interface Verdict {
  readonly broken: readonly string[];
  readonly readings: number;
  readonly complete: number;
  /** Totals that were compared: exactly, and within the allowed loss. */
  readonly exact: number;
  readonly allowed: number;
  readonly counted: number;
  /** Jobs counted by killed processes that are missing from the totals. */
  readonly lost: number;
  /** The longest time, in ms, whose counts a killed process lost while Redis was available. */
  readonly longestLossMs: number;
}

/** Redis' clock is read in whole ms. */
const TOLERANCE_MS = 2;
const GOES_ON_MS = 300;
const MAX_BROKEN = 20;

/** Compares what was read with what was counted. */
export function verify(observations: Observations): Verdict {
  const { ledgers, audits, faults, incidents } = observations;
  const allowedLoss = new AllowedLoss(ledgers, incidents);
  const broken = [...incidents.broken, ...allowedLoss.broken];
  const reported = new Set<string>();
  const report = (what: string, at: number): void => {
    // Each kind of violation is reported once, whatever its numbers.
    const kind = what.replaceAll(/\b[\d.]+\b/g, 'n').replace(/^reader-\S+/, '');
    if (broken.length >= MAX_BROKEN || reported.has(kind)) return;
    reported.add(kind);
    const before = faults.filter(({ begin, end }) => begin <= at && end >= at - 5000);
    const descriptions = before.map(
      ({ begin, description }) => `    ${Math.round(begin - at)} ms: ${description}`,
    );
    broken.push([what, ...descriptions].join('\n'));
  };

  const sinces = [...new Set(audits.map(({ since }) => since))].toSorted((a, b) => a - b);
  let readings = 0;
  let complete = 0;
  for (const ofOne of observations.readings) {
    let last: ReadingSeen | undefined;
    const completeSinces = new Set<number>();
    for (const reading of ofOne) {
      readings++;
      if (last && last.since === reading.since) noneFell(last, reading, report);
      else if (last && last.since > reading.since) report(`${reading.name}: since went back`, reading.end);
      const storeIndex = sinces.indexOf(reading.since);
      if (storeIndex === -1) report(`${reading.name}: since is ${reading.since}, of no store`, reading.end);
      last = reading;
      for (const ledger of ledgers.values()) verifyReading(reading, storeIndex, ledger, allowedLoss, report);
      if (!reading.complete) continue;
      complete++;
      completeSinces.add(reading.since);
    }
    for (const { since, end } of audits) {
      if (!completeSinces.has(since))
        report(`no reading of ${last?.name} was ever complete since ${since}`, end);
    }
  }
  return {
    broken,
    readings,
    complete,
    ...verifyAudits(observations, allowedLoss, sinces, report),
  };
}

type Report = (what: string, at: number) => void;

function noneFell(before: ReadingSeen, after: ReadingSeen, report: Report): void {
  for (const [key, value] of before.values) {
    if (key.startsWith('alive ')) continue;
    const present = after.values.get(key) ?? 0;
    if (present < value)
      report(`${after.name}: ${key} fell from ${value} to ${present} with the same since`, after.end);
  }
}

/** Nothing counts twice, and nothing is missing from a complete reading. */
function verifyReading(
  { name, begin, end, values, complete }: ReadingSeen,
  storeIndex: number,
  ledger: Ledger,
  allowedLoss: AllowedLoss,
  report: Report,
): void {
  const { who } = ledger;
  if (ledger.bornAt > end) return;
  if (allowedLoss.isPast(ledger, storeIndex)) {
    if (values.has(`jobs ${who}`)) report(`${name}: ${who} is of a time before this store`, end);
    return;
  }
  // Requests that were rolled back count only for processes that go on, because those publish them again.
  const goesOn = ledger.workedBetween(end, end + GOES_ON_MS);
  const last = goesOn ? ledger.takenBy(begin) : allowedLoss.lastAcknowledged(ledger, storeIndex, begin);
  const isLive = last !== undefined && last.collectedAt + LEASE_MS > end + TOLERANCE_MS;
  for (const series of SERIES) {
    const value = values.get(`${series} ${who}`) ?? 0;
    const most = allowedLoss.most(ledger, series, storeIndex, ledger.countedBy(end, series));
    if (value > most) report(`${name}: ${series} of ${who} is ${value}; at most ${most} were counted`, end);
    if (!complete) continue;
    const due = ledger.countedBy(begin - TIMES.freshMs - TOLERANCE_MS, series);
    const acknowledged = allowedLoss.acknowledged(ledger, series, storeIndex, begin);
    const least = allowedLoss.least(
      ledger,
      series,
      storeIndex,
      isLive ? Math.max(due, acknowledged) : acknowledged,
      begin,
    );
    if (value < least) {
      const live = isLive ? `live, word of ${Math.round(begin - last.collectedAt)} ms ago` : 'gone';
      report(`${name}: complete, but ${series} of ${who} (${live}) is ${value} and not ${least}`, end);
    }
  }
  if ((values.get(`sum ${who}`) ?? 0) !== (values.get(`jobs ${who}`) ?? 0))
    report(`${name}: histogram and counter of ${who} differ`, end);
  if (complete && (values.get(`alive ${who}`) ?? 0) > 0) {
    const word = ledger.collectedBy(end);
    if (word.at < begin - TIMES.freshMs - TOLERANCE_MS)
      report(`${name}: complete, and shows the gauge of ${who}, which is gone`, end);
  }
}

function verifyAudits(
  { audits, ledgers, faults }: Observations,
  allowedLoss: AllowedLoss,
  sinces: readonly number[],
  report: Report,
): Pick<Verdict, 'exact' | 'allowed' | 'counted' | 'lost' | 'longestLossMs'> {
  let exact = 0;
  let allowed = 0;
  let lost = 0;
  let longestLossMs = 0;
  for (const [i, { begin, alive, values, since }] of audits.entries()) {
    const storeIndex = sinces.indexOf(since);
    for (const ledger of ledgers.values()) {
      const { who } = ledger;
      if (ledger.bornAt > begin || allowedLoss.isPast(ledger, storeIndex)) continue;
      for (const series of SERIES) {
        const value = values.get(`${series} ${who}`) ?? 0;
        const isAlive = alive.has(who);
        const counted = ledger.countedBy(begin, series);
        const collected = ledger.collectedBy(begin);
        const most = allowedLoss.most(ledger, series, storeIndex, isAlive ? counted : collected[series]);
        const acknowledged = isAlive ? counted : allowedLoss.acknowledged(ledger, series, storeIndex, begin);
        const least = Math.min(most, allowedLoss.least(ledger, series, storeIndex, acknowledged, begin));
        const bases = isAlive ? allowedLoss.bases(ledger, series, storeIndex, begin) : undefined;
        if (least === most || bases) exact++;
        else allowed++;
        if (bases && !bases.includes(counted - value))
          report(`audit ${i + 1}: ${series} of ${who} is ${value}, and ${counted} were counted`, begin);
        if (value < least || value > most) {
          const range = least === most ? `${most}` : `${least} to ${most}`;
          report(`audit ${i + 1}: ${series} of ${who} is ${value}; counted: ${range}`, begin);
        }
        if (series === 'jobs' && !isAlive && ledger.leftAt === undefined) {
          const missing = counted - value - allowedLoss.base(ledger, series, storeIndex).most;
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
