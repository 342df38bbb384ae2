import { ok } from 'node:assert/strict';
import {
  type LossState,
  INITIAL_LOSS_STATE,
  updateLossState,
  isComplete,
} from '../../src/metrics/loss-detection.ts';
import { SeriesAggregator } from '../../src/metrics/series-aggregator.ts';
import { PROTOCOL_TIMES } from '../../src/metrics/times.ts';
import { LEASE, type ModelProcess } from './model-process.ts';
import type { PairedStore } from './paired-store.ts';

/** The reader of the library without a network. It checks every reading. */
export class ModelReader {
  #lossState: LossState = INITIAL_LOSS_STATE;
  #aggregator = new SeriesAggregator();
  #last: { storeId: string; totals: ReadonlyMap<string, number> } | undefined;
  /** By process: when it was seen. */
  #seen = new Map<string, number[]>();

  async read(store: PairedStore, processes: readonly ModelProcess[]): Promise<boolean> {
    const snapshot = await store.snapshot();
    this.#lossState = updateLossState(this.#lossState, snapshot);
    const complete = isComplete(this.#lossState, snapshot);
    const { columns, values } = this.#aggregator.totals(snapshot);
    const totals = new Map(columns.map((column, i) => [column, values[i]!]));

    for (const [column, before] of this.#last?.storeId === snapshot.storeId ? this.#last.totals : [])
      ok((totals.get(column) ?? 0) >= before, `${column} fell below ${before}`);
    this.#last = { storeId: snapshot.storeId, totals };

    for (const process of processes) {
      const total = totals.get(process.column) ?? 0;
      const { least, most } = process.range(this.#due(process, store.now));
      ok(total <= most, `${process.name} counted twice: ${total} of ${most}`);
      ok(!complete || total >= least, `complete without ${process.name}: ${total} of ${least}`);
    }
    for (const { instance } of snapshot.members)
      this.#seen.set(instance, [...(this.#seen.get(instance) ?? []), store.now]);
    return complete;
  }

  /** How much of a process has to be in a complete reading: all but the last moments, if it lives and this reader knows it. */
  #due(process: ModelProcess, now: number): number {
    const { lost } = process;
    const seen = this.#seen.get(process.name) ?? [];
    const isKnown = seen.some((at) => at >= process.memberSince);
    // A reader that saw a rolled-back request knows that it is missing.
    const isMissed =
      lost !== undefined && lost.from + LEASE > now && seen.some((at) => at > lost.from && at < lost.to);
    const isLive = process.acknowledgedAt + LEASE > now || isMissed;
    return isKnown && isLive ? process.countedBy(now - PROTOCOL_TIMES.freshMs) : 0;
  }
}
