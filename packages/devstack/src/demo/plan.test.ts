import { expect, test } from 'vitest';
import { Random } from '../random.ts';
import { type PlannedScene, planDay, timeOfDay } from './plan.ts';
import { day, script } from './script.ts';

const seeds = Array.from({ length: 50 }, (_, seed) => seed);
const planned = (seed: number): PlannedScene[] => planDay(script, new Random(seed));
const pauseOf = ({ steps }: PlannedScene): number =>
  steps.reduce((sum, step) => sum + (step.do === 'pause' ? step.seconds * 1000 : 0), 0);

test('the same seed plans the same day, another seed another day', () => {
  expect(planned(7)).toEqual(planned(7));
  expect(planned(8)).not.toEqual(planned(7));
});

test.each(seeds)('day %i begins at once, is never idle for long, and has every scene once', (seed) => {
  const scenes = planned(seed);
  const starts = scenes.map(({ atMs }) => atMs);
  expect(starts[0]).toBe(0);
  expect(starts).toEqual(starts.toSorted((one, other) => one - other));
  for (const [index, start] of starts.slice(1).entries()) {
    expect(start - starts[index]!).toBeLessThanOrEqual(2 * script.visitEverySeconds * 1000);
  }
  const done = scenes.flatMap(({ steps }) => steps.map((step) => step.do));
  const once = ['call', 'remind', 'log out', 'pair'] as const;
  expect(once.map((name) => done.filter((step) => step === name).length)).toEqual([1, 1, 1, 1]);
  expect(done.filter((step) => step === 'give back')).toHaveLength(3);
});

test.each(seeds)('day %i ends at most 15 s late', (seed) => {
  const ends = planned(seed).map((scene) => scene.atMs + pauseOf(scene));
  expect(Math.max(...ends)).toBeLessThan((day.seconds + 15) * 1000);
});

test.each(seeds)('nobody is in two scenes at once on day %i', (seed) => {
  const scenes = planned(seed);
  for (const [index, scene] of scenes.entries()) {
    const beside = scenes.slice(index + 1).filter(({ atMs }) => atMs < scene.atMs + pauseOf(scene) + 5000);
    expect(beside.map(({ customer }) => customer)).not.toContain(scene.customer);
  }
});

const texts = (seed: number, ...kinds: string[]): { name: string; text: string; pause: number }[] =>
  planned(seed).flatMap(({ customer: { name }, steps }) =>
    steps.flatMap((step, index) => {
      const before = steps[index - 1];
      const pause = before?.do === 'pause' ? before.seconds : 0;
      return 'text' in step && (kinds.length === 0 || kinds.includes(step.do))
        ? [{ name, text: step.text, pause }]
        : [];
    }),
  );

test('fills every placeholder of a text', () => {
  expect(texts(1).filter(({ text }) => /[{}]/.test(text))).toEqual([]);
});

test('answers from the phone come too late to be automatic replies, and name the customer', () => {
  const answers = seeds.flatMap((seed) => texts(seed, 'answer by phone'));
  expect(answers).toHaveLength(2 * seeds.length);
  expect(answers.filter(({ name, text, pause }) => pause < 5 || !text.includes(name))).toEqual([]);
});

test('the played day lasts from 08:30 to 18:30', () => {
  expect([0, 1500, 90_000, 180_000, 999_000].map(timeOfDay)).toEqual([
    '08:30',
    '08:35',
    '13:30',
    '18:30',
    '18:30',
  ]);
});
