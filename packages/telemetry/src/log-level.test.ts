import { createLogger, type Logger } from '@prosaas/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type LogLevelSwitch, followLogLevel } from './log-level.ts';

let lines: Record<string, unknown>[];
let log: Logger;
let level: LogLevelSwitch;

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]),
  };
  log = createLogger({ service: 'api', instance: 'test', level: 'ERROR', destination });
  level = followLogLevel(log);
});
afterEach(() => {
  level[Symbol.dispose]();
  vi.useRealTimers();
});

test('a level applies until it is withdrawn; the change and its end are logged once each', () => {
  const child = log.child({ session: 's1' });
  for (const ttlMs of [60_000, 59_000, 58_000]) level.apply({ value: 'debug', ttlMs });
  expect([log.level, child.level]).toEqual(['debug', 'debug']);
  level.apply(undefined);
  level.apply(undefined);
  expect([log.level, child.level]).toEqual(['error', 'error']);
  expect(lines).toMatchObject([
    {
      level: 'info',
      log_level: 'DEBUG',
      was: 'ERROR',
      seconds: 60,
      msg: 'the log level is changed for a while',
    },
    { level: 'info', log_level: 'ERROR', was: 'DEBUG', msg: 'the log level is that of LOG_LEVEL again' },
  ]);
});

test('a level expires by itself, even while Redis is away', () => {
  level.apply({ value: 'critical', ttlMs: 60_000 });
  vi.advanceTimersByTime(59_000);
  expect(log.level).toBe('fatal');
  level.apply({ value: 'critical', ttlMs: 60_000 });
  vi.advanceTimersByTime(59_000);
  expect(log.level).toBe('fatal');
  vi.advanceTimersByTime(1000);
  expect(log.level).toBe('error');
});

test('an unknown level is rejected and changes nothing', () => {
  expect(() => level.apply({ value: 'loud', ttlMs: 60_000 })).toThrow(RangeError);
  expect([log.level, lines]).toEqual(['error', []]);
});
