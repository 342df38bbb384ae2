import { expect } from 'vitest';
import { type Continuity, NO_CONTINUITY, follow, isComplete } from '../../src/metrics/continuity.ts';
import { Columns } from '../../src/metrics/columns.ts';
import { PROTOCOL_TIMES } from '../../src/metrics/times.ts';
import { LEASE, type ModelProcess } from './model-process.ts';
import type { PairedStore } from './paired-store.ts';

/** A reader as the library's, without a network; it also checks what it reads. */
export class ModelReader {
  #continuity: Continuity = NO_CONTINUITY;
  #columns = new Columns();
  #last: { storeId: string; totals: ReadonlyMap<string, number> } | undefined;
  /** When each process was seen last. */
  #seenAt = new Map<string, number>();

  async read(store: PairedStore, processes: readonly ModelProcess[]): Promise<boolean> {
    const snapshot = await store.snapshot();
    this.#continuity = follow(this.#continuity, snapshot);
    const complete = isComplete(this.#continuity, snapshot);
    const { slots, values } = this.#columns.totals(snapshot);
    const totals = new Map(slots.map((slot, i) => [slot, values[i]!]));

    for (const [slot, before] of this.#last?.storeId === snapshot.storeId ? this.#last.totals : [])
      expect(totals.get(slot), 'a total that fell').toBeGreaterThanOrEqual(before);
    this.#last = { storeId: snapshot.storeId, totals };

    for (const process of processes) {
      const total = totals.get(process.slot) ?? 0;
      const { least, most } = process.range(this.#due(process, store.now));
      expect(total, `${process.name} counted twice`).toBeLessThanOrEqual(most);
      if (complete) expect(total, `complete without ${process.name}`).toBeGreaterThanOrEqual(least);
    }
    for (const { instance } of snapshot.members) this.#seenAt.set(instance, store.now);
    return complete;
  }

  /** Of a process that lives, and that this reader knows of, all has to be there but for the last moments. */
  #due(process: ModelProcess, now: number): number {
    const isKnown = (this.#seenAt.get(process.name) ?? -Infinity) >= process.memberSince;
    const isLive = process.heardAt + LEASE > now;
    return isKnown && isLive ? process.countedBy(now - PROTOCOL_TIMES.freshMs) : 0;
  }
}
