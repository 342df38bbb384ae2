import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { type OutageEvent, stepOutage, NO_OUTAGE } from './outage.ts';
import { type OutageTexts, outageLog } from './outage-log.ts';

const times = { waitMs: 5000, settleMs: 300, repeatMs: 60_000 };

/** Plays events at seconds, looks when a look is due, and answers the lines with their times. */
function play(events: [seconds: number, event: OutageEvent][], explainedUntil = 0): string[] {
  const told: string[] = [];
  let state = NO_OUTAGE;
  let lookAt = Infinity;
  const step = (now: number, event: OutageEvent): void => {
    const { line, ...next } = stepOutage(state, event, {
      now,
      times,
      isExplained: now < explainedUntil * 1000,
    });
    state = next.state;
    lookAt = next.lookAt ?? Infinity;
    if (line !== undefined) told.push(`${now / 1000} ${line}`);
  };
  for (const [seconds, event] of events) {
    while (lookAt < seconds * 1000) step(lookAt, 'look');
    step(seconds * 1000, event);
  }
  return told;
}

describe('the lines of a trouble', () => {
  test.each<[string, [number, OutageEvent][], string[]]>([
    ['a start that works at once has none', [[0, 'worked']], []],
    [
      'a wait of less than 5 s has none',
      [
        [0, 'failed'],
        [2, 'failed'],
        [4, 'worked'],
      ],
      [],
    ],
    [
      'a wait is one line after 5 s, and one at its end',
      [
        [0, 'failed'],
        [9, 'failed'],
        [20, 'worked'],
      ],
      ['5 waiting', '20 ends'],
    ],
    [
      'a silent wait is told all the same',
      [
        [0, 'failed'],
        [20, 'look'],
      ],
      ['5 waiting'],
    ],
    [
      'a wait is told again each minute',
      [
        [0, 'failed'],
        [130, 'worked'],
      ],
      ['5 waiting', '65 lasts', '125 lasts', '130 ends'],
    ],
    [
      'a trouble is told when it starts',
      [
        [0, 'worked'],
        [10, 'failed'],
        [12, 'worked'],
      ],
      ['10.3 begins', '12 ends'],
    ],
    [
      'a trouble that is over at once has none',
      [
        [0, 'worked'],
        [10, 'failed'],
        [10.2, 'worked'],
      ],
      [],
    ],
    [
      'a trouble that lasts has a line a minute, however often it is met',
      [
        [0, 'worked'],
        ...Array.from({ length: 100 }, (_, at): [number, OutageEvent] => [10 + at, 'failed']),
        [120, 'worked'],
      ],
      ['10.3 begins', '70.3 lasts', '120 ends'],
    ],
    [
      'one that comes and goes has its first two lines',
      [
        [0, 'worked'],
        ...Array.from({ length: 20 }, (_, at): [number, OutageEvent] => [
          10 + at,
          at % 2 ? 'worked' : 'failed',
        ]),
      ],
      ['10.3 begins', '11 ends'],
    ],
    [
      'one that comes back within a minute is told once it lasts',
      [
        [0, 'worked'],
        [10, 'failed'],
        [11, 'worked'],
        [20, 'failed'],
        [40, 'worked'],
      ],
      ['10.3 begins', '11 ends', '25 begins', '40 ends'],
    ],
    [
      'one that comes back later is told at once',
      [
        [0, 'worked'],
        [10, 'failed'],
        [11, 'worked'],
        [80, 'failed'],
        [81, 'worked'],
      ],
      ['10.3 begins', '11 ends', '80.3 begins', '81 ends'],
    ],
  ])('%s', (_name, events, told) => {
    expect(play(events)).toEqual(told);
  });

  test('what a dependency explains is told when that is over and it still fails', () => {
    const events: [number, OutageEvent][] = [
      [0, 'worked'],
      [10, 'failed'],
      [100, 'worked'],
    ];
    expect(play(events, 30)).toEqual(['30.3 begins', '90.3 lasts', '100 ends']);
    expect(play(events, 99)).toEqual([]);
  });
});

const texts: OutageTexts = { waiting: 'waiting for x', begins: 'x is away', ends: 'x is back' };

function logger(): { log: ReturnType<typeof createLogger>; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  return { log: createLogger({ service: 'test', instance: 'test', level: 'debug', destination }), lines };
}

describe('a trouble in the log', () => {
  test('has a level, its reason, its duration, and no stack', async () => {
    const { log, lines } = logger();
    const outage = outageLog(log, { ...texts, isDependency: true });
    outage.worked();
    outage.failed(Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' }));
    await expect.poll(() => lines.length).toBe(1);
    outage.worked();
    expect(lines).toMatchObject([
      { level: 'warn', msg: 'x is away', error: 'connect refused', code: 'ECONNREFUSED' },
      { level: 'info', msg: 'x is back', seconds: expect.any(Number) },
    ]);
    expect(JSON.stringify(lines)).not.toContain('stack');
  });

  test('is one for all who meet it, over when the last one works, and another one for another service', () => {
    const { log } = logger();
    const [first, second] = [outageLog(log, texts), outageLog(log, texts)];
    first.failed(new Error('a'), { source: 'a' });
    second.failed(new Error('b'), { source: 'b' });
    first.worked('a');
    expect(second.isActive).toBe(true);
    second.forget('b');
    expect(first.isActive).toBe(false);
    expect(outageLog(logger().log, texts)).not.toBe(first);
  });

  test('is not told while a dependency is away, nor while its consequences mend', async () => {
    const { log, lines } = logger();
    const dependency = outageLog(log, { ...texts, isDependency: true });
    const dependent = outageLog(log, { waiting: 'y waits', begins: 'y fails', ends: 'y works' });
    dependency.worked();
    dependent.worked();
    dependency.failed(new Error('refused'));
    await expect.poll(() => lines.length).toBe(1);
    dependent.failed(new Error('x is away'));
    dependency.worked();
    await delay(1500);
    dependent.worked();
    expect(lines).toMatchObject([{ msg: 'x is away' }, { msg: 'x is back' }]);
  });
});
