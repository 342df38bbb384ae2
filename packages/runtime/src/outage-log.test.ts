import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { type OutageEvent, stepOutage, NO_OUTAGE } from './outage.ts';
import { type OutageTexts, outageLog } from './outage-log.ts';

const times = { waitMs: 5000, debounceMs: 300, repeatMs: 60_000 };

/** Plays events at the given seconds, with the checks that fall due between them, and returns the lines with their times. */
function play(events: [seconds: number, event: OutageEvent][], suppressedUntil = 0): string[] {
  const logged: string[] = [];
  let state = NO_OUTAGE;
  let checkAt = Infinity;
  const step = (now: number, event: OutageEvent): void => {
    const { line, ...next } = stepOutage(state, event, {
      now,
      times,
      isSuppressed: now < suppressedUntil * 1000,
    });
    state = next.state;
    checkAt = next.checkAt ?? Infinity;
    if (line !== undefined) logged.push(`${now / 1000} ${line}`);
  };
  for (const [seconds, event] of events) {
    while (checkAt < seconds * 1000) step(checkAt, 'check');
    step(seconds * 1000, event);
  }
  return logged;
}

describe('the lines of an outage', () => {
  test.each<[string, [number, OutageEvent][], string[]]>([
    ['a start that works at once logs nothing', [[0, 'worked']], []],
    [
      'a wait of less than 5 s logs nothing',
      [
        [0, 'failed'],
        [2, 'failed'],
        [4, 'worked'],
      ],
      [],
    ],
    [
      'a wait logs one line after 5 s and one at its end',
      [
        [0, 'failed'],
        [9, 'failed'],
        [20, 'worked'],
      ],
      ['5 waiting', '20 ends'],
    ],
    [
      'a wait without further failures is logged too',
      [
        [0, 'failed'],
        [20, 'check'],
      ],
      ['5 waiting'],
    ],
    [
      'a wait is logged again each minute',
      [
        [0, 'failed'],
        [130, 'worked'],
      ],
      ['5 waiting', '65 lasts', '125 lasts', '130 ends'],
    ],
    [
      'an outage is logged when it starts',
      [
        [0, 'worked'],
        [10, 'failed'],
        [12, 'worked'],
      ],
      ['10.3 begins', '12 ends'],
    ],
    [
      'an outage that is over at once logs nothing',
      [
        [0, 'worked'],
        [10, 'failed'],
        [10.2, 'worked'],
      ],
      [],
    ],
    [
      'an outage that lasts logs one line a minute, however many failures there are',
      [
        [0, 'worked'],
        ...Array.from({ length: 100 }, (_, at): [number, OutageEvent] => [10 + at, 'failed']),
        [120, 'worked'],
      ],
      ['10.3 begins', '70.3 lasts', '120 ends'],
    ],
    [
      'an outage that comes and goes logs only its first two lines',
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
      'an outage that recurs within a minute is logged after 5 s',
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
      'an outage that recurs later is logged at once',
      [
        [0, 'worked'],
        [10, 'failed'],
        [11, 'worked'],
        [80, 'failed'],
        [81, 'worked'],
      ],
      ['10.3 begins', '11 ends', '80.3 begins', '81 ends'],
    ],
  ])('%s', (_name, events, lines) => {
    expect(play(events)).toEqual(lines);
  });

  test('an outage that outlasts its dependency is logged then', () => {
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

describe('an outage log', () => {
  test('writes level, reason and duration, and no stack', async () => {
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

  test('is shared by all sources of a service, and ends when none of them fails', () => {
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

  test('writes nothing while a dependency is away, nor while the service recovers from that', async () => {
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
