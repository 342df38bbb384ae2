import type { ExactValues, LabelledValue } from './reading.ts';

/** Holds the highest values seen of what Redis itself counts, for as long as the store is the same. */
export class HighestSeen {
  #storeId = '';
  #highest = new Map<string, number>();

  /** Another store begins at zero. */
  enter(storeId: string): void {
    if (storeId === this.#storeId) return;
    this.#storeId = storeId;
    this.#highest.clear();
  }

  #raise(key: string, value: number): number {
    const highest = Math.max(value, this.#highest.get(key) ?? 0);
    this.#highest.set(key, highest);
    return highest;
  }

  exact(source: string, { counters = {}, gauges = {}, labels = {} }: ExactValues): ExactValues {
    const raise = (name: string, value: number): number => this.#raise(`${source} ${name}`, value);
    const raiseLabelled = (name: string, values: readonly LabelledValue[]): LabelledValue[] =>
      values.map((one) => ({ ...one, value: raise(`${name} ${JSON.stringify(one.labels)}`, one.value) }));
    return {
      counters: Object.fromEntries(
        Object.entries(counters).map(([name, value]) => [name, raise(name, value)]),
      ),
      gauges,
      labels: Object.fromEntries(
        Object.entries(labels).map(([name, values]) => [
          name,
          name in counters ? raiseLabelled(name, values) : values,
        ]),
      ),
    };
  }
}
