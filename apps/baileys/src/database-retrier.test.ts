import { StaleOwner } from '@prosaas/database';
import { describe, expect, test, vi } from 'vitest';
import { CorruptAuthState } from './auth-codec.ts';
import { DatabaseRetrier, isRetryable } from './database-retrier.ts';

const failure = (code: string): Error => Object.assign(new Error(code), { code });

const serverError = (code: string): Error => Object.assign(failure(code), { severity: 'ERROR' });

function createRetrier(limitMs = 60_000) {
  const controller = new AbortController();
  const onExhausted = vi.fn();
  return {
    controller,
    onExhausted,
    retrier: new DatabaseRetrier({ signal: controller.signal, limitMs, onExhausted }),
  };
}

test.each([
  ['the database is unreachable', failure('ECONNREFUSED'), true],
  ['the database shuts down', serverError('57P01'), true],
  ['a deadlock', serverError('40P01'), true],
  ['the database is read-only', serverError('25006'), true],
  ['a column is gone', serverError('42703'), true],
  ['a grant is revoked', serverError('42501'), true],
  ['a constraint is broken', serverError('23503'), true],
  ['an internal error', serverError('XX000'), true],
  ['the data can never be stored', serverError('22021'), false],
  ['another replica owns the session', new StaleOwner('a'), false],
  ['the keys are damaged', new CorruptAuthState('damaged'), false],
  ['a fault of the program', new TypeError('x'), false],
])('when %s, a retry may succeed: %s', (_why, error, expected) => {
  expect(isRetryable(error)).toBe(expected);
});

describe('DatabaseRetrier', () => {
  test('retries work that fails in an outage until it succeeds', async () => {
    const work = vi.fn().mockRejectedValueOnce(failure('ECONNREFUSED')).mockResolvedValue('done');
    await expect(createRetrier().retrier.run(work)).resolves.toBe('done');
    expect(work).toHaveBeenCalledTimes(2);
  });

  test('does not retry work that can never succeed', async () => {
    for (const error of [serverError('22021'), new StaleOwner('a'), new CorruptAuthState('damaged')]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(createRetrier().retrier.run(() => Promise.reject(error))).rejects.toBe(error);
    }
  });

  test('rejects when aborted, and drains', async () => {
    const { controller, retrier: subject } = createRetrier();
    const running = subject.run(() => Promise.reject(failure('ECONNREFUSED')));
    queueMicrotask(() => controller.abort(new Error('closed')));
    await expect(running).rejects.toThrow();
    await subject.drained();
    await expect(subject.run(() => Promise.resolve(1))).rejects.toThrow('closed');
  });

  test('calls onExhausted once for work that waits at the same time', async () => {
    const { controller, onExhausted, retrier: subject } = createRetrier(1);
    const one = subject.run(() => Promise.reject(failure('ECONNREFUSED'))).catch(() => {});
    const two = subject.run(() => Promise.reject(failure('ECONNREFUSED'))).catch(() => {});
    await vi.waitFor(() => expect(onExhausted).toHaveBeenCalled());
    controller.abort();
    await Promise.all([one, two]);
    expect(onExhausted).toHaveBeenCalledTimes(1);
  });

  test('reports an outage that lasts, and its end when the work succeeds but not when it is aborted', async () => {
    vi.useFakeTimers();
    try {
      const controller = new AbortController();
      const outage = { begin: vi.fn(), end: vi.fn() };
      const subject = new DatabaseRetrier({
        signal: controller.signal,
        outage,
      });
      let isAway = true;
      const work = (): Promise<string> =>
        isAway ? Promise.reject(failure('ECONNREFUSED')) : Promise.resolve('done');
      const running = subject.run(work);
      await vi.advanceTimersByTimeAsync(1900);
      expect(outage.begin).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(200);
      expect(outage.begin).toHaveBeenCalledTimes(1);
      isAway = false;
      await vi.advanceTimersByTimeAsync(2000);
      await expect(running).resolves.toBe('done');
      expect(outage.end).toHaveBeenCalledTimes(1);

      isAway = true;
      const abandoned = subject.run(work).then(
        () => 'done',
        () => 'given up',
      );
      await vi.advanceTimersByTimeAsync(3000);
      controller.abort(new Error('closed'));
      await expect(abandoned).resolves.toBe('given up');
      expect([outage.begin.mock.calls.length, outage.end.mock.calls.length]).toEqual([2, 1]);
    } finally {
      vi.useRealTimers();
    }
  });
});
