import { StaleOwner } from '@prosaas/database';
import { describe, expect, test, vi } from 'vitest';
import { CorruptAuthState } from './auth-codec.ts';
import { Patience, isTransient } from './patience.ts';

const failure = (code: string): Error => Object.assign(new Error(code), { code });

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
  ['ECONNREFUSED', true],
  ['57P01', true],
  ['57014', true],
  ['40P01', true],
  ['53300', true],
  ['23503', false],
  ['22P02', false],
  ['42P01', false],
])('a failure with code %s can pass by: %s', (code, transient) => {
  expect(isTransient(failure(code))).toBe(transient);
});

describe('patience', () => {
  test('repeats what an outage broke until it succeeds', async () => {
    const work = vi.fn().mockRejectedValueOnce(failure('ECONNREFUSED')).mockResolvedValue('done');
    await expect(patience().patience.run(work)).resolves.toBe('done');
    expect(work).toHaveBeenCalledTimes(2);
  });

  test('does not repeat what stays wrong', async () => {
    for (const error of [failure('23505'), new StaleOwner('a'), new CorruptAuthState('damaged')]) {
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
});
