import { expect, test } from 'vitest';
import { planOf } from '../prove/plan.ts';
import { prove } from '../prove/prove.ts';

test('a short proof finds no lost, repeated or unreadable message', { timeout: 300_000 }, async () => {
  const said: string[] = [];
  const seed = Math.floor(Math.random() * 2 ** 31);
  const plan = planOf({ short: true, minutes: undefined, withFaults: false });
  const kept = await prove({ seed, plan, say: (line) => void said.push(line) });
  expect(kept, said.join('\n')).toBe(true);
});
