import { describe, expect, test } from 'vitest';
import { backoff, retryForever } from './backoff.ts';

describe('the delay before a retry', () => {
  test.each([
    [1, 100],
    [2, 200],
    [4, 800],
    [5, 1000],
    [1000, 1000],
    [0, 100],
  ])('number %i is %i ms', (attempt, delay) => {
    expect(backoff({ baseMs: 100, maxMs: 1000 }, attempt, () => 0)).toBe(delay);
  });

  test('is shortened at random, so that clients do not reconnect all at once', () => {
    expect(backoff({ baseMs: 100, maxMs: 1000, jitter: 0.5 }, 1, () => 1)).toBe(50);
    expect(backoff({ baseMs: 100, maxMs: 1000, jitter: 0 }, 1, () => 1)).toBe(100);
  });
});

describe('retrying for ever', () => {
  const delays = { baseMs: 1, maxMs: 1 };

  test('ends with the first success', async () => {
    const failures: number[] = [];
    let calls = 0;
    const task = async (): Promise<string> => {
      calls += 1;
      if (calls < 3) throw new Error('not yet');
      return 'done';
    };
    const signal = new AbortController().signal;
    const result = await retryForever(task, {
      ...delays,
      signal,
      onError: (_, attempt) => failures.push(attempt),
    });
    expect(result).toBe('done');
    expect(failures).toEqual([1, 2]);
  });

  test('ends when its signal aborts', async () => {
    const stopping = new AbortController();
    const running = retryForever(() => Promise.reject(new Error('never')), {
      ...delays,
      signal: stopping.signal,
      onError: (_, attempt) => {
        if (attempt === 3) stopping.abort();
      },
    });
    await expect(running).rejects.toThrow(/abort/i);
  });
});
