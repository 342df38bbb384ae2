import { StaleOwner } from '@prosaas/database';
import { describe, expect, test, vi } from 'vitest';
import { CorruptAuthState } from './auth-codec.ts';
import { Patience, mayPass } from './patience.ts';

const failure = (code: string): Error => Object.assign(new Error(code), { code });

const answered = (code: string): Error => Object.assign(failure(code), { severity: 'ERROR' });

function patience(limitMs = 60_000) {
  const controller = new AbortController();
  const onExhausted = vi.fn();
  return {
    controller,
    onExhausted,
    patience: new Patience({ signal: controller.signal, limitMs, onExhausted }),
  };
}

test.each([
  ['the database is away', failure('ECONNREFUSED'), true],
  ['it shuts down', answered('57P01'), true],
  ['a deadlock', answered('40P01'), true],
  ['it is read-only', answered('25006'), true],
  ['a column is gone', answered('42703'), true],
  ['a grant is revoked', answered('42501'), true],
  ['a constraint is broken', answered('23503'), true],
  ['an internal error', answered('XX000'), true],
  ['the data can never be stored', answered('22021'), false],
  ['another replica owns the session', new StaleOwner('a'), false],
  ['the keys are damaged', new CorruptAuthState('damaged'), false],
  ['a fault of the program', new TypeError('x'), false],
])('a repeat may succeed when %s: %s', (_why, error, may) => {
  expect(mayPass(error)).toBe(may);
});

describe('patience', () => {
  test('repeats what an outage broke until it succeeds', async () => {
    const work = vi.fn().mockRejectedValueOnce(failure('ECONNREFUSED')).mockResolvedValue('done');
    await expect(patience().patience.run(work)).resolves.toBe('done');
    expect(work).toHaveBeenCalledTimes(2);
  });

  test('does not repeat what stays wrong', async () => {
    for (const error of [answered('22021'), new StaleOwner('a'), new CorruptAuthState('damaged')]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(patience().patience.run(() => Promise.reject(error))).rejects.toBe(error);
    }
  });

  test('gives up when aborted, and drains', async () => {
    const { controller, patience: subject } = patience();
    const running = subject.run(() => Promise.reject(failure('ECONNREFUSED')));
    queueMicrotask(() => controller.abort(new Error('closed')));
    await expect(running).rejects.toThrow();
    await subject.drained();
    await expect(subject.run(() => Promise.resolve(1))).rejects.toThrow('closed');
  });

  test('tells once that it was long', async () => {
    const { controller, onExhausted, patience: subject } = patience(1);
    const one = subject.run(() => Promise.reject(failure('ECONNREFUSED'))).catch(() => {});
    const two = subject.run(() => Promise.reject(failure('ECONNREFUSED'))).catch(() => {});
    await vi.waitFor(() => expect(onExhausted).toHaveBeenCalled());
    controller.abort();
    await Promise.all([one, two]);
    expect(onExhausted).toHaveBeenCalledTimes(1);
  });

  test('tells of a trouble that lasts, and of its end when the work succeeds, not when it is given up', async () => {
    vi.useFakeTimers();
    try {
      const controller = new AbortController();
      const trouble = { begin: vi.fn(), end: vi.fn() };
      const subject = new Patience({
        signal: controller.signal,
        limitMs: 60_000,
        onExhausted: () => {},
        trouble,
      });
      let isAway = true;
      const work = (): Promise<string> =>
        isAway ? Promise.reject(failure('ECONNREFUSED')) : Promise.resolve('done');
      const running = subject.run(work);
      await vi.advanceTimersByTimeAsync(1900);
      expect(trouble.begin).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(200);
      expect(trouble.begin).toHaveBeenCalledTimes(1);
      isAway = false;
      await vi.advanceTimersByTimeAsync(2000);
      await expect(running).resolves.toBe('done');
      expect(trouble.end).toHaveBeenCalledTimes(1);

      isAway = true;
      const abandoned = subject.run(work).then(
        () => 'done',
        () => 'given up',
      );
      await vi.advanceTimersByTimeAsync(3000);
      controller.abort(new Error('closed'));
      await expect(abandoned).resolves.toBe('given up');
      expect([trouble.begin.mock.calls.length, trouble.end.mock.calls.length]).toEqual([2, 1]);
    } finally {
      vi.useRealTimers();
    }
  });
});
