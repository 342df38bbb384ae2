import { expect, test } from 'vitest';
import { keepRunning, mayRestart } from './keep-running.ts';

test.each([
  [[], 0, true],
  [[0, 1000], 2000, true],
  [[0, 1000, 2000], 3000, false],
  [[0, 1000, 2000], 61_000, true],
])('after restarts at %j another one at %i ms is allowed: %s', (restarts, now, allowed) => {
  expect(mayRestart(restarts, now)).toBe(allowed);
});

test('what does not start again is given up with one line', async () => {
  const lines: string[] = [];
  await using keeper = keepRunning({ say: (line) => void lines.push(line), patienceMs: 1 });
  keeper.keep([
    {
      name: 'Redis',
      exited: () => Promise.resolve('SIGKILL'),
      start: () => Promise.reject(new Error('Redis did not start on port 1:\nmore')),
    },
  ]);
  expect(await keeper.gaveUp).toBe('ended');
  expect(lines).toEqual([
    'Redis ended by itself (SIGKILL) and does not start again (Redis did not start on port 1:): stopping the rest',
  ]);
});
