import { readFileSync } from 'node:fs';
import type { SERIES } from './catalogue.ts';

export type SeriesName = (typeof SERIES)[number];

interface Counted {
  readonly at: number;
  /** Totals after this step. */
  readonly jobs: number;
  readonly extras: number;
  /** How many steps: what the histogram of their sizes counts. */
  readonly sizes: number;
}

/** A request that Redis answered. */
export interface Answer {
  readonly at: number;
  /** When the values were collected, and what they were. */
  readonly collectedAt: number;
  readonly jobs: number;
  readonly extras: number;
  readonly sizes: number;
  readonly taken: boolean;
  /** What had been collected for the previous request. */
  readonly before: Counted;
  readonly store: string;
  readonly tookMs: number;
}

const ZERO: Counted = { at: 0, jobs: 0, extras: 0, sizes: 0 };

/** The record of one process: what it counted, what it collected for publishing, and what Redis replied. */
export class Ledger {
  readonly who: string;
  readonly counted: Counted[] = [];
  readonly collected: Counted[] = [];
  readonly answers: Answer[] = [];
  leftAt: number | undefined;

  constructor(who: string, path: string) {
    this.who = who;
    let jobs = 0;
    let extras = 0;
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const [kind, time, first, second, third, fourth] = line.split(' ');
      const at = Number(time);
      if (kind === 'c') {
        jobs += Number(first);
        extras += Number(second);
        this.counted.push({ at, jobs, extras, sizes: this.counted.length + 1 });
      } else if (kind === 'k') {
        this.collected.push({ at, jobs, extras, sizes: this.counted.length });
      } else if (kind === 'a') {
        const collection = this.collected[Number(first) - 1]!;
        this.answers.push({
          ...collection,
          at,
          collectedAt: collection.at,
          taken: second === 'ok' || second === 'late',
          before: this.collected[Number(first) - 2] ?? ZERO,
          store: third!,
          tookMs: Number(fourth),
        });
      } else if (kind === 'l') {
        this.leftAt = at;
      }
    }
  }

  get bornAt(): number {
    return this.collected[0]?.at ?? Infinity;
  }

  /** When it counted or collected last. */
  get endedAt(): number {
    return Math.max(this.counted.at(-1)?.at ?? 0, this.collected.at(-1)?.at ?? 0);
  }

  /** How much had been counted by then. */
  countedBy(time: number, series: SeriesName): number {
    return lastBefore(this.counted, time)?.[series] ?? 0;
  }

  /** How much had been collected for publishing by then: no more than this can be in Redis. */
  collectedBy(time: number): Counted {
    return lastBefore(this.collected, time) ?? ZERO;
  }

  /** Whether it counted between these times. */
  workedBetween(from: number, to: number): boolean {
    const step = lastBefore(this.counted, to);
    return step !== undefined && step.at >= from;
  }

  /** The last request before `time` that Redis is known to have stored and that `counts` accepts. */
  takenBy(time: number, counts: (answer: Answer) => boolean = () => true): Answer | undefined {
    for (let i = countBefore(this.answers, time) - 1; i >= 0; i--) {
      const answer = this.answers[i]!;
      if (answer.taken && counts(answer)) return answer;
    }
    return undefined;
  }
}

function lastBefore<T extends { readonly at: number }>(sorted: readonly T[], time: number): T | undefined {
  return sorted[countBefore(sorted, time) - 1];
}

function countBefore(sorted: readonly { readonly at: number }[], time: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.at <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
