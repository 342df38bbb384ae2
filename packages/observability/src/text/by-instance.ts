import type { SeriesTable } from '../metrics/series-aggregator.ts';
import type { MetricsReading } from '../metrics/reading.ts';
import { parseSlot, slotKey } from '../metrics/slot.ts';
import { EventLoopYielder } from './event-loop-yielder.ts';

interface LabelledSlots {
  readonly original: readonly string[];
  /** The same slots with the label `instance`; `undefined` for a slot that cannot be read. */
  readonly slots: readonly (string | undefined)[];
}

/**
 * The series of each living process, with the label `instance`, after the exact series, which have none. `slots` is the same array as
 * before for as long as its content is the same.
 */
export function seriesByInstance(): (reading: MetricsReading) => Promise<SeriesTable> {
  let cache = new Map<string, LabelledSlots>();
  let before: readonly string[] = [];
  return async ({ processes, exact }) => {
    const yielder = new EventLoopYielder();
    const labelled = new Map<string, LabelledSlots>();
    const slots = [...exact.slots];
    const values = [...exact.values];
    for (const { instance, slots: own, values: theirs } of processes) {
      let found = cache.get(instance);
      // oxlint-disable-next-line no-await-in-loop -- yields to the event loop
      if (found?.original !== own)
        found = { original: own, slots: await withInstance(own, instance, yielder) };
      labelled.set(instance, found);
      for (const [at, slot] of found.slots.entries()) {
        // NaN is a gauge without a value.
        if (slot === undefined || !Number.isFinite(theirs[at])) continue;
        slots.push(slot);
        values.push(theirs[at]!);
      }
    }
    cache = labelled;
    const isSame = slots.length === before.length && slots.every((slot, at) => slot === before[at]);
    if (!isSame) before = slots;
    return { slots: before, values: Float64Array.from(values) };
  };
}

async function withInstance(
  slots: readonly string[],
  instance: string,
  yielder: EventLoopYielder,
): Promise<(string | undefined)[]> {
  const labelled: (string | undefined)[] = [];
  for (const key of slots) {
    // oxlint-disable-next-line no-await-in-loop -- yields to the event loop
    if (labelled.length % 64 === 0 && yielder.isDue) await yielder.yieldNow();
    const slot = parseSlot(key);
    labelled.push(slot && slotKey({ ...slot, labels: { ...slot.labels, instance } }));
  }
  return labelled;
}
