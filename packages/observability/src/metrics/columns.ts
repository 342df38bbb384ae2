import { type Aggregate, type Slot, isCumulative, parseSlot } from './slot.ts';
import type { Member, Snapshot } from './snapshot.ts';

/** Series by their slots: `values[i]` is what `slots[i]` names. */
export interface SeriesTable {
  /** The same array for as long as the series are the same. */
  readonly slots: readonly string[];
  readonly values: Float64Array;
}

interface Gauge {
  readonly at: number;
  readonly column: number;
  readonly aggregate: Aggregate;
}

/** Where the values of one schema go. */
interface Plan {
  /** By place in the schema; `NONE` for a gauge, and for what can't be read. */
  readonly cumulative: Int32Array;
  readonly gauges: readonly Gauge[];
}

const NONE = -1;
/** What a gauge's column holds when no living process has it; values that are not finite never get in. */
const ABSENT = Number.NaN;

/**
 * Adds the processes of a snapshot up, a column for each slot that was ever seen. Adding a thousand processes up is the
 * reader's work at scale: which column a value goes to is known by its schema, and one more process costs a pass over its
 * doubles. What only grows keeps the highest total seen, as long as the store is the same.
 */
export class Columns {
  #storeId = '';
  #columns = new Map<string, number>();
  #slots: string[] = [];
  #isGauge: boolean[] = [];
  #plans = new WeakMap<readonly string[], Plan>();
  #highest: Float64Array = new Float64Array(0);
  #shown: { columns: Int32Array; slots: readonly string[] } = { columns: new Int32Array(0), slots: [] };

  /** All that was ever counted, also by those that lapsed and are not folded yet; gauges of those whose lease runs. */
  totals(snapshot: Snapshot): SeriesTable {
    if (snapshot.storeId !== this.#storeId) this.#beginAgain(snapshot.storeId);
    const plans = snapshot.members.map(({ slots }) => this.#planOf(slots));
    for (const slot of snapshot.retired.keys()) this.#columnOf(slot);

    const sums = new Float64Array(this.#slots.length);
    for (const [slot, value] of snapshot.retired) {
      const column = this.#columns.get(slot);
      if (column !== undefined && Number.isFinite(value) && isCumulative(slot)) sums[column]! += value;
    }
    snapshot.members.forEach(({ values }, i) => addTo(sums, values, plans[i]!.cumulative));
    this.#raise(sums);
    this.#setGauges(sums, snapshot, plans);
    return this.#show(sums);
  }

  #beginAgain(storeId: string): void {
    this.#storeId = storeId;
    this.#columns.clear();
    this.#slots = [];
    this.#isGauge = [];
    this.#plans = new WeakMap();
    this.#highest = new Float64Array(0);
    this.#shown = { columns: new Int32Array(0), slots: [] };
  }

  #planOf(slots: readonly string[]): Plan {
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

  #raise(sums: Float64Array): void {
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

  #setGauges(sums: Float64Array, { now, members }: Snapshot, plans: readonly Plan[]): void {
    for (let column = 0; column < sums.length; column++) if (this.#isGauge[column]) sums[column] = ABSENT;
    const saidAt = new Map<number, number>();
    members.forEach((member, i) => {
      if (member.leaseEnds <= now) return;
      for (const { at, column, aggregate } of plans[i]!.gauges) {
        const value = member.values[at]!;
        if (!Number.isFinite(value)) continue;
        if (aggregate === 'last') {
          if (member.publishedAt < (saidAt.get(column) ?? 0)) continue;
          saidAt.set(column, member.publishedAt);
        }
        sums[column] = combine(aggregate, sums[column]!, value);
      }
    });
  }

  /** Leaves out the gauges that nobody has. */
  #show(sums: Float64Array): SeriesTable {
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
    // Neither infinite nor NaN.
    if (column !== NONE && value - value === 0) sums[column]! += value;
  }
}

function combine(aggregate: Aggregate, before: number, value: number): number {
  if (aggregate === 'last' || Number.isNaN(before)) return value;
  return aggregate === 'sum' ? before + value : Math.max(before, value);
}
