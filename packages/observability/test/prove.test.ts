import { expect, test } from 'vitest';
import { prove } from '../prove/prove.ts';

test(
  'the publishing protocol keeps its promises under one or two faults of each kind',
  { timeout: 240_000 },
  async () => {
    const lines: string[] = [];
    const seed = Math.floor(Math.random() * 2 ** 31);
    const kept = await prove({ seed, short: true, print: (line) => void lines.push(line) });
    expect(kept, lines.join('\n')).toBe(true);
  },
);
