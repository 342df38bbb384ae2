import type { ExactValues, LabelledValue } from './reading.ts';

/** The highest values seen of what Redis itself counts, for as long as the store is the same. */
export class HighestSeen {
  #storeId = '';
  #highest = new Map<string, number>();

  /**
   * Counters that are lower than before are replaced by the highest value seen. `fell` says whether there is one: Redis lost what
   * it had counted, and has not counted as much again. Another store begins at zero.
   */
  raise(
    storeId: string,
    sources: Iterable<readonly [name: string, values: ExactValues]>,
  ): { exact: ExactValues[]; fell: boolean } {
    if (storeId !== this.#storeId) this.#highest.clear();
    this.#storeId = storeId;
    let fell = false;
    const raiseOne = (key: string, value: number): number => {
      const highest = Math.max(value, this.#highest.get(key) ?? 0);
      this.#highest.set(key, highest);
      fell ||= value < highest;
      return highest;
    };
    const exact = Array.from(sources, ([source, values]) => raiseCounters(source, values, raiseOne));
    return { exact, fell };
  }
}

function raiseCounters(
  source: string,
  { counters = {}, gauges = {}, labels = {} }: ExactValues,
  raiseOne: (key: string, value: number) => number,
): ExactValues {
  const raise = (key: string, value: number): number => raiseOne(`${source} ${key}`, value);
  const raiseLabelled = (name: string, values: readonly LabelledValue[]): readonly LabelledValue[] =>
    name in counters
      ? values.map((one) => ({ ...one, value: raise(`${name} ${JSON.stringify(one.labels)}`, one.value) }))
      : values;
  return {
    counters: Object.fromEntries(Object.entries(counters).map(([name, value]) => [name, raise(name, value)])),
    gauges,
    labels: Object.fromEntries(
      Object.entries(labels).map(([name, values]) => [name, raiseLabelled(name, values)]),
    ),
  };
}
