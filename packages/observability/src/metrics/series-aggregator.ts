import { type Aggregate, type ParsedColumn, isCumulative, parseColumn } from './column.ts';
import type { Member, Snapshot } from './snapshot.ts';

/** Series with their values: `values[i]` belongs to `columns[i]`. */
export interface SeriesTable {
  /** The same array for as long as the series are the same. */
  readonly columns: readonly string[];
  readonly values: Float64Array;
}

interface Gauge {
  /** Its index in the schema. */
  readonly at: number;
  readonly position: number;
  readonly aggregate: Aggregate;
}

/** The positions of one schema. */
interface AggregationPlan {
  /** By index in the schema; `NONE` for a gauge, and for a column that cannot be read. */
  readonly cumulative: Int32Array;
  readonly gauges: readonly Gauge[];
}

const NONE = -1;
/** Marks the position of a gauge that no living process has. Values that are not finite are never added. */
const ABSENT = Number.NaN;

/**
 * Adds up the processes of a snapshot, with a position for each column that was ever seen. With a thousand processes this is most of a
 * reader's work, so the positions of each schema are looked up once, and one more process costs a single pass over its doubles.
 * Counters and histograms keep the highest total seen, for as long as the store is the same.
 */
export class SeriesAggregator {
  #storeId = '';
  #positions = new Map<string, number>();
  #columns: string[] = [];
  #isGauge: boolean[] = [];
  #plans = new WeakMap<readonly string[], AggregationPlan>();
  #highest: Float64Array = new Float64Array(0);
  #shown: { positions: Int32Array; columns: readonly string[] } = {
    positions: new Int32Array(0),
    columns: [],
  };

  /** Counters and histograms of all processes, also of lapsed ones that are not folded yet; gauges of processes whose lease runs. */
  totals(snapshot: Snapshot): SeriesTable {
    if (snapshot.storeId !== this.#storeId) this.#reset(snapshot.storeId);
    const plans = snapshot.members.map(({ columns }) => this.#planOf(columns));
    for (const column of snapshot.retired.keys()) this.#positionOf(column);

    const sums = new Float64Array(this.#columns.length);
    for (const [column, value] of snapshot.retired) {
      const position = this.#positions.get(column);
      if (position !== undefined && Number.isFinite(value) && isCumulative(column)) sums[position]! += value;
    }
    snapshot.members.forEach(({ values }, i) => addTo(sums, values, plans[i]!.cumulative));
    this.#keepHighest(sums);
    this.#setGauges(sums, snapshot, plans);
    return this.#withoutAbsent(sums);
  }

  #reset(storeId: string): void {
    this.#storeId = storeId;
    this.#positions.clear();
    this.#columns = [];
    this.#isGauge = [];
    this.#plans = new WeakMap();
    this.#highest = new Float64Array(0);
    this.#shown = { positions: new Int32Array(0), columns: [] };
  }

  #planOf(columns: readonly string[]): AggregationPlan {
    let plan = this.#plans.get(columns);
    if (!plan) {
      const cumulative = new Int32Array(columns.length).fill(NONE);
      const gauges: Gauge[] = [];
      columns.forEach((column, at) => {
        const parsed = parseColumn(column);
        const position = this.#positionOf(column, parsed);
        if (position === NONE) return;
        if (parsed?.kind === 'g') gauges.push({ at, position, aggregate: parsed.aggregate });
        else cumulative[at] = position;
      });
      plan = { cumulative, gauges };
      this.#plans.set(columns, plan);
    }
    return plan;
  }

  #positionOf(column: string, parsed?: ParsedColumn): number {
    const known = this.#positions.get(column);
    if (known !== undefined) return known;
    if (!parsed && !(parsed = parseColumn(column))) return NONE;
    this.#positions.set(column, this.#columns.length);
    this.#isGauge.push(parsed.kind === 'g');
    return this.#columns.push(column) - 1;
  }

  #keepHighest(sums: Float64Array): void {
    if (this.#highest.length < sums.length) {
      const grown = new Float64Array(sums.length);
      grown.set(this.#highest);
      this.#highest = grown;
    }
    const highest = this.#highest;
    for (let position = 0; position < sums.length; position++) {
      if (sums[position]! > highest[position]!) highest[position] = sums[position]!;
      else sums[position] = highest[position]!;
    }
  }

  #setGauges(sums: Float64Array, { now, members }: Snapshot, plans: readonly AggregationPlan[]): void {
    for (let position = 0; position < sums.length; position++)
      if (this.#isGauge[position]) sums[position] = ABSENT;
    const publishedAt = new Map<number, number>();
    members.forEach((member, i) => {
      if (member.leaseEnds <= now) return;
      for (const { at, position, aggregate } of plans[i]!.gauges) {
        const value = member.values[at]!;
        if (!Number.isFinite(value)) continue;
        if (aggregate === 'last') {
          if (member.publishedAt < (publishedAt.get(position) ?? 0)) continue;
          publishedAt.set(position, member.publishedAt);
        }
        sums[position] = combine(aggregate, sums[position]!, value);
      }
    });
  }

  #withoutAbsent(sums: Float64Array): SeriesTable {
    let { positions, columns } = this.#shown;
    let count = 0;
    let isSame = true;
    for (let position = 0; position < sums.length; position++) {
      if (Number.isNaN(sums[position])) continue;
      if (positions[count] !== position) isSame = false;
      count++;
    }
    if (!isSame || count !== positions.length) {
      positions = Int32Array.from(sums.keys().filter((position) => !Number.isNaN(sums[position])));
      columns = Array.from(positions, (position) => this.#columns[position]!);
      this.#shown = { positions, columns };
    }
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = sums[positions[i]!]!;
    return { columns, values };
  }
}

function addTo(sums: Float64Array, values: Member['values'], positions: Int32Array): void {
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!;
    const value = values[i]!;
    // `value - value` is 0 unless the value is infinite or NaN.
    if (position !== NONE && value - value === 0) sums[position]! += value;
  }
}

function combine(aggregate: Aggregate, before: number, value: number): number {
  if (aggregate === 'last' || Number.isNaN(before)) return value;
  return aggregate === 'sum' ? before + value : Math.max(before, value);
}
