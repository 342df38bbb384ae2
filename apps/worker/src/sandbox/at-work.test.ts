import type { BegunWork } from '@prosaas/queues';
import { expect, test } from 'vitest';
import { LineFull } from '../keyed-mutex.ts';
import { AtWork, Poison } from './at-work.ts';

/** Writes down what it is asked; the outcome of each beginning is that of its message, or 'begun'. */
function ledger(outcomes: Record<string, 'busy' | 'condemned'> = {}): {
  lines: string[];
  begunWork: BegunWork;
} {
  const lines: string[] = [];
  const note = async (line: string): Promise<void> => void lines.push(line);
  return {
    lines,
    begunWork: {
      begin: () => Promise.reject(new Error('a sandbox does not ask as a worker')),
      beginApart: async (_queue, { job }) => {
        await note(`begin ${job}`);
        return outcomes[job] ?? 'begun';
      },
      end: (_queue, job) => note(`end ${job}`),
      takeBack: (_queue, { job }) => note(`take back ${job}`),
      isNoted: () => Promise.resolve(false),
    },
  };
}
const job = { id: 'own', queue: 'outbound-messages', token: 'w:1' } as const;
const done = (): Promise<boolean> => Promise.resolve(true);

test('at any moment one message is noted, the one that the process is at, and none after the job’s own', async () => {
  const { lines, begunWork } = ledger();
  await new AtWork(begunWork).run(job, async (around) => {
    await around('older', done);
    await around('own', done);
    await expect(around('younger', done)).rejects.toBeInstanceOf(LineFull);
  });
  expect(lines).toEqual(['begin own', 'take back own', 'begin older', 'end older', 'begin own', 'end own']);
});

test('what throws has not ended, and did not kill its process', async () => {
  const { lines, begunWork } = ledger();
  const failing = new AtWork(begunWork).run(job, async (around) => {
    await around('older', () => Promise.reject(new Error('no')));
  });
  await expect(failing).rejects.toThrow('no');
  expect(lines).toEqual(['begin own', 'take back own', 'begin older', 'take back older']);
});

test.each([
  ['busy', LineFull],
  ['condemned', Poison],
] as const)('what is %s is not begun', async (outcome, error) => {
  const { lines, begunWork } = ledger({ older: outcome });
  const refused = new AtWork(begunWork).run(job, async (around) => {
    await around('older', () => Promise.reject(new Error('begun')));
  });
  await expect(refused).rejects.toBeInstanceOf(error);
  expect(lines).toEqual(['begin own', 'take back own', 'begin older']);
});

test('the last word of a process takes back what it is at', async () => {
  const { lines, begunWork } = ledger();
  const atWork = new AtWork(begunWork);
  await atWork.takeBack();
  expect(lines).toEqual([]);
  await atWork.run(job, async (around) => {
    await around('older', async () => {
      await atWork.takeBack();
      return true;
    });
  });
  expect(lines).toContain('take back older');
});
