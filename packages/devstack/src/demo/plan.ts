import type { Random } from '../random.ts';
import { type Customer, type Script, type Step, day } from './script.ts';

export type PlannedStep = Step<string, number>;

/** A scene whose time, customer and texts are chosen. */
export interface PlannedScene {
  atMs: number;
  customer: Customer;
  steps: readonly PlannedStep[];
}

/** Plans a day. The scenes are sorted by their start; the first one starts at once. */
export function planDay(script: Script, random: Random): PlannedScene[] {
  const dayMs = day.seconds * 1000;
  const everyMs = script.visitEverySeconds * 1000;
  const visits = randomPicker(script.visits, random);
  const starts = Array.from({ length: Math.floor(dayMs / everyMs) }, (_, index) => ({
    atMs: index === 0 ? 0 : index * everyMs + random.whole(-everyMs / 3, everyMs / 3),
    customer: undefined,
    steps: visits(),
  }));
  const scenes = script.scenes.map(({ at, customer, steps }) => ({
    atMs: Math.round(at * dayMs),
    customer,
    steps,
  }));
  const customers = randomPicker(script.customers, random);
  return [...starts, ...scenes]
    .toSorted((one, other) => one.atMs - other.atMs)
    .map(({ atMs, customer = customers(), steps }) => {
      return { atMs, customer, steps: steps.map((step) => planStep(step, customer, random)) };
    });
}

function planStep(step: Step, { name }: Customer, random: Random): PlannedStep {
  if ('text' in step) return { ...step, text: random.pick(step.text).replaceAll('{name}', name) };
  if (step.do === 'pause') {
    const [from, to] = step.seconds;
    return { ...step, seconds: from + random.next() * (to - from) };
  }
  return step;
}

/** Picks at random, but not from the half that was picked last, so that nobody is in two scenes at once. */
function randomPicker<T>(items: readonly T[], random: Random): () => T {
  const left = random.shuffle(items);
  return () => {
    const [picked] = left.splice(random.whole(0, Math.floor((left.length - 1) / 2)), 1);
    if (picked === undefined) throw new RangeError('nothing to pick from');
    left.push(picked);
    return picked;
  };
}

/** The time in the played day, such as `09:05`. `elapsedMs` is real time since the day began. */
export function timeOfDay(elapsedMs: number): string {
  const part = Math.min(elapsedMs / (day.seconds * 1000), 1);
  const minute = day.opensAtMinute + Math.floor(part * day.minutes);
  return [Math.floor(minute / 60), minute % 60].map((count) => String(count).padStart(2, '0')).join(':');
}
