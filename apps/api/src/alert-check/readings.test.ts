import { expect, test } from 'vitest';
import { type Reading, addReading, risesOf } from './readings.ts';

const window = 600;

interface Counted {
  at: number;
  since?: number;
  enqueued?: number;
  completed?: number;
  failed?: number;
  dead?: number;
  rejected?: number;
}

const reading = ({
  at,
  since = -1000,
  enqueued = 0,
  completed = 0,
  failed = 0,
  dead = 0,
  rejected = 0,
}: Counted): Reading => ({
  at,
  since,
  counters: {
    queue_jobs_enqueued: enqueued,
    queue_jobs_completed: completed,
    queue_jobs_failed: failed,
    queue_jobs_dead_letter: dead,
    calls_rejected_max_concurrent: rejected,
  },
});

/** Adds one reading per run. */
function run(counts: readonly Counted[]): Reading[] {
  let kept: Reading[] = [];
  for (const one of counts) kept = addReading(kept, reading(one), window);
  return kept;
}

const risesAfter = (...counts: Counted[]): ReturnType<typeof risesOf> => risesOf(run(counts), window);

test('there are no rises after the first run', () => {
  expect(risesAfter({ at: 0, dead: 7 })).toBeUndefined();
});

test.each<[what: string, seen: Counted[], dead: number]>([
  ['a rise since the run before', [{ at: 0 }, { at: 60, dead: 2 }], 2],
  ['a rise that is still within the window', [{ at: 0 }, { at: 60, dead: 2 }, { at: 599, dead: 2 }], 2],
  ['no rise once the window has passed', [{ at: 0 }, { at: 60, dead: 2 }, { at: 660, dead: 2 }], 0],
  ['a rise between runs that are further apart than the window', [{ at: 0 }, { at: 9000, dead: 1 }], 1],
  [
    'no rise if a restarted api knows a lower total',
    [
      { at: 0, dead: 5 },
      { at: 60, dead: 3 },
    ],
    0,
  ],
  [
    'the whole count if the counters restarted at zero',
    [
      { at: 0, dead: 5 },
      { at: 60, since: 30, dead: 2 },
    ],
    2,
  ],
  [
    'no rise if another stack answers',
    [
      { at: 0, dead: 5 },
      { at: 60, since: -5, dead: 9 },
    ],
    0,
  ],
  [
    'no rise if the clock was set back',
    [
      { at: 100, dead: 1 },
      { at: 60, dead: 5 },
    ],
    0,
  ],
])('the dead letter: %s', (_what, seen, dead) => {
  expect(risesAfter(...seen)?.deadLetter ?? 0).toBe(dead);
});

test.each<[what: string, seen: Counted[], stalled: number]>([
  [
    'jobs enqueued over a minute ago while none completed',
    [{ at: 0 }, { at: 60, enqueued: 3 }, { at: 120, enqueued: 3 }],
    3,
  ],
  ['jobs enqueued a moment ago do not count', [{ at: 0 }, { at: 60 }, { at: 120, enqueued: 3 }], 0],
  [
    'no job counts if one completed',
    [{ at: 0 }, { at: 60, enqueued: 3 }, { at: 120, enqueued: 3, completed: 1 }],
    0,
  ],
  [
    'no job counts if one failed for good',
    [{ at: 0 }, { at: 60, enqueued: 3 }, { at: 120, enqueued: 3, failed: 1 }],
    0,
  ],
  [
    'jobs still count while others are enqueued',
    [
      { at: 0, completed: 9 },
      { at: 300, enqueued: 3, completed: 9 },
      { at: 900, enqueued: 5, completed: 9 },
      { at: 1200, enqueued: 6, completed: 9 },
    ],
    2,
  ],
  ['runs once an hour find them too', [{ at: 0 }, { at: 3600, enqueued: 3 }, { at: 7200, enqueued: 3 }], 3],
])('stalled jobs: %s', (_what, seen, stalled) => {
  expect(risesAfter(...seen)?.stalled).toBe(stalled);
});

test('keeps only the readings of the window and two before it', () => {
  const seen = Array.from({ length: 100 }, (_, at) => ({ at: at * 60 }));
  expect(run(seen).map(({ at }) => at / 60)).toEqual([88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
});
