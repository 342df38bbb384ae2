import { type Aggregate, type Slot, isCumulative, parseSlot } from './slot.ts';
import type { Member, Snapshot } from './snapshot.ts';

/** Series with their values: `values[i]` belongs to `slots[i]`. */
export interface SeriesTable {
  /** The keys of the series. The same array for as long as the series are the same. */
  readonly slots: readonly string[];
  readonly values: Float64Array;
}

interface Gauge {
  /** Its index in the schema. */
  readonly at: number;
  readonly column: number;
  readonly aggregate: Aggregate;
}

/** The columns of one schema. */
interface ColumnPlan {
  /** By index in the schema; `NONE` for a gauge, and for a slot that cannot be read. */
  readonly cumulative: Int32Array;
  readonly gauges: readonly Gauge[];
}

const NONE = -1;
/** Marks the column of a gauge that no living process has. Values that are not finite are never added. */
const ABSENT = Number.NaN;

/**
 * Adds up the processes of a snapshot, with a column for each slot that was ever seen. With a thousand processes this is most of a
 * reader's work, so the columns of each schema are looked up once, and one more process costs a single pass over its doubles.
 * Counters and histograms keep the highest total seen, for as long as the store is the same.
 */
export class SeriesAggregator {
  #storeId = '';
  #columns = new Map<string, number>();
  #slots: string[] = [];
  #isGauge: boolean[] = [];
  #plans = new WeakMap<readonly string[], ColumnPlan>();
  #highest: Float64Array = new Float64Array(0);
  #shown: { columns: Int32Array; slots: readonly string[] } = { columns: new Int32Array(0), slots: [] };

  /** Counters and histograms of all processes, also of lapsed ones that are not folded yet; gauges of processes whose lease runs. */
  totals(snapshot: Snapshot): SeriesTable {
    if (snapshot.storeId !== this.#storeId) this.#reset(snapshot.storeId);
    const plans = snapshot.members.map(({ slots }) => this.#planOf(slots));
    for (const slot of snapshot.retired.keys()) this.#columnOf(slot);

    const sums = new Float64Array(this.#slots.length);
    for (const [slot, value] of snapshot.retired) {
      const column = this.#columns.get(slot);
      if (column !== undefined && Number.isFinite(value) && isCumulative(slot)) sums[column]! += value;
    }
    snapshot.members.forEach(({ values }, i) => addTo(sums, values, plans[i]!.cumulative));
    this.#keepHighest(sums);
    this.#setGauges(sums, snapshot, plans);
    return this.#withoutAbsent(sums);
  }

  #reset(storeId: string): void {
    this.#storeId = storeId;
    this.#columns.clear();
    this.#slots = [];
    this.#isGauge = [];
    this.#plans = new WeakMap();
    this.#highest = new Float64Array(0);
    this.#shown = { columns: new Int32Array(0), slots: [] };
  }

  #planOf(slots: readonly string[]): ColumnPlan {
    let plan = this.#plans.get(slots);
    if (!plan) {
      const cumulative = new Int32Array(slots.length).fill(NONE);
      const gauges: Gauge[] = [];
      slots.forEach((key, at) => {
        const slot = parseSlot(key);
        const column = this.#columnOf(key, slot);
        if (column === NONE) return;
        if (slot?.kind === 'g') gauges.push({ at, column, aggregate: slot.aggregate });
        else cumulative[at] = column;
      });
      plan = { cumulative, gauges };
      this.#plans.set(slots, plan);
    }
    return plan;
  }

  #columnOf(key: string, slot?: Slot): number {
    const known = this.#columns.get(key);
    if (known !== undefined) return known;
    if (!slot && !(slot = parseSlot(key))) return NONE;
    this.#columns.set(key, this.#slots.length);
    this.#isGauge.push(slot.kind === 'g');
    return this.#slots.push(key) - 1;
  }

  #keepHighest(sums: Float64Array): void {
    if (this.#highest.length < sums.length) {
      const grown = new Float64Array(sums.length);
      grown.set(this.#highest);
      this.#highest = grown;
    }
    const highest = this.#highest;
    for (let column = 0; column < sums.length; column++) {
      if (sums[column]! > highest[column]!) highest[column] = sums[column]!;
      else sums[column] = highest[column]!;
    }
  }

  #setGauges(sums: Float64Array, { now, members }: Snapshot, plans: readonly ColumnPlan[]): void {
    for (let column = 0; column < sums.length; column++) if (this.#isGauge[column]) sums[column] = ABSENT;
    const publishedAt = new Map<number, number>();
    members.forEach((member, i) => {
      if (member.leaseEnds <= now) return;
      for (const { at, column, aggregate } of plans[i]!.gauges) {
        const value = member.values[at]!;
        if (!Number.isFinite(value)) continue;
        if (aggregate === 'last') {
          if (member.publishedAt < (publishedAt.get(column) ?? 0)) continue;
          publishedAt.set(column, member.publishedAt);
        }
        sums[column] = combine(aggregate, sums[column]!, value);
      }
    });
  }

  #withoutAbsent(sums: Float64Array): SeriesTable {
    let { columns, slots } = this.#shown;
    let count = 0;
    let isSame = true;
    for (let column = 0; column < sums.length; column++) {
      if (Number.isNaN(sums[column])) continue;
      if (columns[count] !== column) isSame = false;
      count++;
    }
    if (!isSame || count !== columns.length) {
      columns = Int32Array.from(sums.keys().filter((column) => !Number.isNaN(sums[column])));
      slots = Array.from(columns, (column) => this.#slots[column]!);
      this.#shown = { columns, slots };
    }
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = sums[columns[i]!]!;
    return { slots, values };
  }
}

function addTo(sums: Float64Array, values: Member['values'], columns: Int32Array): void {
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    const value = values[i]!;
    // `value - value` is 0 unless the value is infinite or NaN.
    if (column !== NONE && value - value === 0) sums[column]! += value;
  }
}

function combine(aggregate: Aggregate, before: number, value: number): number {
  if (aggregate === 'last' || Number.isNaN(before)) return value;
  return aggregate === 'sum' ? before + value : Math.max(before, value);
}
