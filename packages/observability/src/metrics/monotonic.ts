import type { ExactValues, LabelledValue } from './reading.ts';

/** Holds the highest value seen of everything that only grows, for as long as the store is the same. */
export class HighestSeen {
  #storeId = '';
  #highest = new Map<string, number>();

  /** Another store begins at zero. */
  enter(storeId: string): void {
    if (storeId === this.#storeId) return;
    this.#storeId = storeId;
    this.#highest.clear();
  }

  raise(key: string, value: number): number {
    const highest = Math.max(value, this.#highest.get(key) ?? 0);
    this.#highest.set(key, highest);
    return highest;
  }

  /** The slots given, and those that were there before and are missing now. */
  slots(totals: ReadonlyMap<string, number>): Map<string, number> {
    for (const [slot, value] of totals) this.raise(`slot ${slot}`, value);
    const raised = new Map<string, number>();
    for (const [key, value] of this.#highest) if (key.startsWith('slot ')) raised.set(key.slice(5), value);
    return raised;
  }

  exact(source: string, { counters = {}, gauges = {}, labels = {} }: ExactValues): ExactValues {
    const raise = (name: string, value: number): number => this.raise(`exact ${source} ${name}`, value);
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
