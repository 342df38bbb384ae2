import type { ExactValues, LabelledValue } from './reading.ts';

/** Keeps the counters of exact sources from falling, for as long as the store is the same. */
export class MonotonicCounters {
  #storeId = '';
  #highest = new Map<string, number>();

  /**
   * Replaces counters that are lower than before by the highest value seen. `fell` is true when there was one: Redis lost counts and has
   * not counted as far again. A new store begins at zero.
   */
  apply(
    storeId: string,
    sources: Iterable<readonly [name: string, values: ExactValues]>,
  ): { exact: ExactValues[]; fell: boolean } {
    if (storeId !== this.#storeId) this.#highest.clear();
    this.#storeId = storeId;
    let fell = false;
    const keepHighest = (key: string, value: number): number => {
      const highest = Math.max(value, this.#highest.get(key) ?? 0);
      this.#highest.set(key, highest);
      fell ||= value < highest;
      return highest;
    };
    const exact = Array.from(sources, ([source, values]) => keepCounters(source, values, keepHighest));
    return { exact, fell };
  }
}

function keepCounters(
  source: string,
  { counters = {}, gauges = {}, labels = {} }: ExactValues,
  keepHighest: (key: string, value: number) => number,
): ExactValues {
  const keep = (key: string, value: number): number => keepHighest(`${source} ${key}`, value);
  const keepLabelled = (name: string, values: readonly LabelledValue[]): readonly LabelledValue[] =>
    name in counters
      ? values.map((series) => ({
          ...series,
          value: keep(`${name} ${JSON.stringify(series.labels)}`, series.value),
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
