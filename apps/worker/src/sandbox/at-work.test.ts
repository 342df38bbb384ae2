import { poll } from '@prosaas/devstack';
import type { BegunWork } from '@prosaas/queues';
import { describe, expect, test } from 'vitest';
import { LineFull } from '../keyed-mutex.ts';
import { Stopping } from '../verdict.ts';
import { AtWork, Poison } from './at-work.ts';

/** Writes down what it is asked. A beginning ends as `outcomes` says of its message; what `fails` names does not reach Redis. */
function ledger({
  outcomes = {},
  fails = new Set(),
}: {
  outcomes?: Record<string, 'busy' | 'condemned'>;
  fails?: Set<string>;
}): { lines: string[]; begunWork: BegunWork } {
  const lines: string[] = [];
  const note = async (line: string): Promise<void> => {
    if (fails.delete(line)) throw new Error('Redis is away');
    lines.push(line);
  };
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
const failing = (): Promise<boolean> => Promise.reject(new Error('no'));

test('at any moment one message is noted, the one that the process is at, and none after the job’s own', async () => {
  const { lines, begunWork } = ledger({});
  await new AtWork(begunWork).run(job, async (around) => {
    await around('older', done);
    await around('own', () => Promise.resolve(false));
    await around('own', done);
    await expect(around('younger', done)).rejects.toBeInstanceOf(LineFull);
  });
  expect(lines).toEqual(['begin own', 'take back own', 'begin older', 'end older', 'begin own', 'end own']);
});

test('what throws has not ended, and did not kill its process', async () => {
  const { lines, begunWork } = ledger({});
  const run = new AtWork(begunWork).run(job, async (around) => void (await around('older', failing)));
  await expect(run).rejects.toThrow('no');
  expect(lines).toEqual(['begin own', 'take back own', 'begin older', 'take back older']);
});

test.each(['fails for good', 'is condemned'])(
  'a job goes on behind a message that %s, and is noted',
  async (how) => {
    const isCondemned = how === 'is condemned';
    const { lines, begunWork } = ledger(isCondemned ? { outcomes: { older: 'condemned' } } : {});
    await new AtWork(begunWork).run(job, async (around) => {
      await expect(around('older', failing)).rejects.toThrow(isCondemned ? Poison : 'no');
      await around('own', done);
    });
    expect(lines).toEqual([
      'begin own',
      'take back own',
      'begin older',
      ...(isCondemned ? [] : ['take back older']),
      'begin own',
      'end own',
    ]);
  },
);

test('what another worker is at is not begun', async () => {
  const { lines, begunWork } = ledger({ outcomes: { own: 'busy' } });
  await expect(new AtWork(begunWork).run(job, async () => void (await failing()))).rejects.toBeInstanceOf(
    LineFull,
  );
  expect(lines).toEqual(['begin own']);
});

/** A process that could not say to Redis that it lives. */
async function owing(what: string): Promise<{ lines: string[]; atWork: AtWork }> {
  const { lines, begunWork } = ledger({ fails: new Set([what, 'take back own']) });
  const atWork = new AtWork(begunWork);
  const work = what === 'take back own' ? failing : done;
  await expect(atWork.run(job, async () => void (await work()))).rejects.toThrow();
  expect(atWork.isOwing).toBe(true);
  lines.length = 0;
  return { lines, atWork };
}

describe.each(['end own', 'take back own', 'begin own'])(
  'a process that lives owes Redis its word where that was away at "%s"',
  (what) => {
    test.each(['next', 'own'])('and gives it before its next job, "%s"', async (id) => {
      const { lines, atWork } = await owing(what);
      await atWork.run({ ...job, id }, async () => {});
      expect(lines).toEqual(['take back own', `begin ${id}`, `end ${id}`]);
      expect(atWork.isOwing).toBe(false);
    });

    test('and gives it when Redis is back, though there is no next job', async () => {
      const { lines, atWork } = await owing(what);
      await poll(() => !atWork.isOwing, { what: 'the word' });
      expect(lines).toEqual(['take back own']);
    });
  },
);

test('an older message that another worker did is not ended here, but let go of', async () => {
  const { lines, begunWork } = ledger({});
  await new AtWork(begunWork).run(job, async (around) => {
    await around('older', () => Promise.resolve(false));
  });
  expect(lines).toEqual(['begin own', 'take back own', 'begin older', 'end own', 'take back older']);
});

test('the last word of a process takes back what it is at, and nothing begins after it', async () => {
  const { lines, begunWork } = ledger({});
  const atWork = new AtWork(begunWork);
  await atWork.run(job, async (around) => {
    await around('older', async () => {
      await atWork.lastWord();
      return true;
    });
    await expect(around('own', done)).rejects.toBeInstanceOf(Stopping);
  });
  expect(lines).toEqual([
    'begin own',
    'take back own',
    'begin older',
    'take back older',
    'end older',
    'end own',
  ]);
});
