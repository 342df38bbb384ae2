import type { SeriesTable } from '../metrics/columns.ts';
import type { MetricsReading } from '../metrics/reading.ts';
import { parseSlot, slotKey } from '../metrics/slot.ts';
import { Breather } from './breather.ts';

interface Labelled {
  readonly from: readonly string[];
  /** The same slots with the label `instance`; undefined for what can't be read. */
  readonly slots: readonly (string | undefined)[];
}

/**
 * The series of a reading for each living process by itself, with the label `instance`, and what Redis knows exactly without it. The
 * slots stay the same array as long as they are the same.
 */
export function seriesByInstance(): (reading: MetricsReading) => Promise<SeriesTable> {
  let known = new Map<string, Labelled>();
  let before: readonly string[] = [];
  return async ({ processes, exact }) => {
    const breather = new Breather();
    const labelled = new Map<string, Labelled>();
    const slots = [...exact.slots];
    const values = [...exact.values];
    for (const { instance, slots: own, values: theirs } of processes) {
      let found = known.get(instance);
      // oxlint-disable-next-line no-await-in-loop -- others get their turns in between
      if (found?.from !== own) found = { from: own, slots: await withInstance(own, instance, breather) };
      labelled.set(instance, found);
      for (const [at, slot] of found.slots.entries()) {
        // A gauge that is not known is NaN.
        if (slot === undefined || !Number.isFinite(theirs[at])) continue;
        slots.push(slot);
        values.push(theirs[at]!);
      }
    }
    known = labelled;
    const isSame = slots.length === before.length && slots.every((slot, at) => slot === before[at]);
    if (!isSame) before = slots;
    return { slots: before, values: Float64Array.from(values) };
  };
}

async function withInstance(
  slots: readonly string[],
  instance: string,
  breather: Breather,
): Promise<(string | undefined)[]> {
  const labelled: (string | undefined)[] = [];
  for (const key of slots) {
    // oxlint-disable-next-line no-await-in-loop -- others get their turns in between
    if (labelled.length % 64 === 0 && breather.isDue) await breather.breathe();
    const slot = parseSlot(key);
    labelled.push(slot && slotKey({ ...slot, labels: { ...slot.labels, instance } }));
  }
  return labelled;
}
