import { expect, test } from 'vitest';
import { type Reading, addReading, risesOf } from './readings.ts';

const window = 600;

interface Seen {
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
}: Seen): Reading => ({
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

/** One run after the other. */
function run(seen: readonly Seen[]): Reading[] {
  let kept: Reading[] = [];
  for (const one of seen) kept = addReading(kept, reading(one), window);
  return kept;
}

const risesAfter = (...seen: Seen[]): ReturnType<typeof risesOf> => risesOf(run(seen), window);

test('the first run has nothing to compare with', () => {
  expect(risesAfter({ at: 0, dead: 7 })).toBeUndefined();
});

test.each<[what: string, seen: Seen[], dead: number]>([
  ['a rise since the run before', [{ at: 0 }, { at: 60, dead: 2 }], 2],
  ['a rise that is still within the window', [{ at: 0 }, { at: 60, dead: 2 }, { at: 599, dead: 2 }], 2],
  ['none once the window has passed', [{ at: 0 }, { at: 60, dead: 2 }, { at: 660, dead: 2 }], 0],
  ['a rise between runs that are further apart than the window', [{ at: 0 }, { at: 9000, dead: 1 }], 1],
  [
    'none when a later api knows a lower total',
    [
      { at: 0, dead: 5 },
      { at: 60, dead: 3 },
    ],
    0,
  ],
  [
    'all since the counters began anew',
    [
      { at: 0, dead: 5 },
      { at: 60, since: 30, dead: 2 },
    ],
    2,
  ],
  [
    'none when another stack answers',
    [
      { at: 0, dead: 5 },
      { at: 60, since: -5, dead: 9 },
    ],
    0,
  ],
  [
    'none when the clock went back',
    [
      { at: 100, dead: 1 },
      { at: 60, dead: 5 },
    ],
    0,
  ],
])('the dead letter: %s', (_what, seen, dead) => {
  expect(risesAfter(...seen)?.deadLetter ?? 0).toBe(dead);
});

test.each<[what: string, seen: Seen[], stalled: number]>([
  [
    'jobs were enqueued over a minute ago and none was completed',
    [{ at: 0 }, { at: 60, enqueued: 3 }, { at: 120, enqueued: 3 }],
    3,
  ],
  ['what was enqueued a moment ago may be under way', [{ at: 0 }, { at: 60 }, { at: 120, enqueued: 3 }], 0],
  [
    'one that was completed shows that work is done',
    [{ at: 0 }, { at: 60, enqueued: 3 }, { at: 120, enqueued: 3, completed: 1 }],
    0,
  ],
  [
    'one that failed for good is for the dead letter to tell',
    [{ at: 0 }, { at: 60, enqueued: 3 }, { at: 120, enqueued: 3, failed: 1 }],
    0,
  ],
  [
    'it goes on while jobs come in',
    [
      { at: 0, completed: 9 },
      { at: 300, enqueued: 3, completed: 9 },
      { at: 900, enqueued: 5, completed: 9 },
      { at: 1200, enqueued: 6, completed: 9 },
    ],
    2,
  ],
  ['runs once an hour see it too', [{ at: 0 }, { at: 3600, enqueued: 3 }, { at: 7200, enqueued: 3 }], 3],
])('stalled jobs: %s', (_what, seen, stalled) => {
  expect(risesAfter(...seen)?.stalled).toBe(stalled);
});

test('no more readings are kept than the window and two runs before it need', () => {
  const seen = Array.from({ length: 100 }, (_, at) => ({ at: at * 60 }));
  expect(run(seen).map(({ at }) => at / 60)).toEqual([88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
});
