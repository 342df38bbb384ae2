import { expect, test } from 'vitest';
import { superviseProcesses, mayRestart } from './supervisor.ts';

test.each([
  [[], 0, true],
  [[0, 1000], 2000, true],
  [[0, 1000, 2000], 3000, false],
  [[0, 1000, 2000], 61_000, true],
])('after restarts at %j, a restart at %i ms is allowed: %s', (restarts, now, allowed) => {
  expect(mayRestart(restarts, now)).toBe(allowed);
});

test('gives up with one line on a process that does not start again', async () => {
  const lines: string[] = [];
  await using supervisor = superviseProcesses({ say: (line) => void lines.push(line), restartTimeoutMs: 1 });
  supervisor.supervise([
    {
      name: 'Redis',
      exited: () => Promise.resolve('SIGKILL'),
      start: () => Promise.reject(new Error('Redis did not start on port 1:\nmore')),
    },
  ]);
  expect(await supervisor.gaveUp).toBe('ended');
  expect(lines).toEqual([
    'Redis ended by itself (SIGKILL) and does not start again (Redis did not start on port 1:): stopping the rest',
  ]);
});
