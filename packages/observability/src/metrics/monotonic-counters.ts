import type { ExactValues, LabelledValue } from './reading.ts';

/** Keeps the counters of exact values from falling, for as long as the store is the same. */
export class MonotonicCounters {
  #storeId = '';
  #highest = new Map<string, number>();

  /**
   * Replaces counters that are lower than before by the highest value seen. `fell` is true when there was one: Redis lost counts and has
   * not counted as far again. A new store begins at zero.
   */
  apply(
    storeId: string,
    exactValues: Iterable<readonly [name: string, values: ExactValues]>,
  ): { exact: ExactValues[]; fell: boolean } {
    if (storeId !== this.#storeId) this.#highest.clear();
    this.#storeId = storeId;
    let fell = false;
    const keepHighest = (series: string, value: number): number => {
      const highest = Math.max(value, this.#highest.get(series) ?? 0);
      this.#highest.set(series, highest);
      fell ||= value < highest;
      return highest;
    };
    const exact = Array.from(exactValues, ([reader, values]) => keepCounters(reader, values, keepHighest));
    return { exact, fell };
  }
}

function keepCounters(
  reader: string,
  { counters = {}, gauges = {}, labels = {} }: ExactValues,
  keepHighest: (series: string, value: number) => number,
): ExactValues {
  const keep = (series: string, value: number): number => keepHighest(`${reader} ${series}`, value);
  const keepLabelled = (name: string, values: readonly LabelledValue[]): readonly LabelledValue[] =>
    name in counters
      ? values.map((one) => ({
          ...one,
          value: keep(`${name} ${JSON.stringify(one.labels)}`, one.value),
        }))
      : values;
  return {
    counters: Object.fromEntries(Object.entries(counters).map(([name, value]) => [name, keep(name, value)])),
    gauges,
    labels: Object.fromEntries(
      Object.entries(labels).map(([name, values]) => [name, keepLabelled(name, values)]),
    ),
  };
}
