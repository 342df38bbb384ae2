import { expect, test } from 'vitest';
import { KeyedMutex, LineFull } from './keyed-mutex.ts';

const never = new AbortController().signal;

test('one key is done in the order of asking, one at a time, while other keys go on', async () => {
  const mutex = new KeyedMutex({ maxWaiting: 10 });
  const first = Promise.withResolvers<void>();
  const log: string[] = [];
  const task = (name: string, until?: Promise<void>) => async (): Promise<void> => {
    log.push(`${name} starts`);
    await until;
    log.push(`${name} ends`);
  };
  const running = [
    mutex.run('a', never, task('a1', first.promise)),
    mutex.run('a', never, task('a2')),
    mutex.run('a', never, task('a3')),
  ];
  await mutex.run('b', never, task('b1'));
  first.resolve();
  await Promise.all(running);
  expect(log).toEqual([
    'a1 starts',
    'b1 starts',
    'b1 ends',
    'a1 ends',
    'a2 starts',
    'a2 ends',
    'a3 starts',
    'a3 ends',
  ]);
});

test('beyond the limit nobody waits, and a failure passes the turn on', async () => {
  const mutex = new KeyedMutex({ maxWaiting: 1 });
  const first = Promise.withResolvers<void>();
  const running = mutex.run('a', never, () => first.promise);
  const waiting = mutex.run('a', never, async () => 'its turn');
  await expect(mutex.run('a', never, async () => 'never')).rejects.toThrow(LineFull);
  first.reject(new Error('broken'));
  await expect(running).rejects.toThrow('broken');
  await expect(waiting).resolves.toBe('its turn');
  await expect(mutex.run('a', never, async () => 'again')).resolves.toBe('again');
});

test('whoever gives up waiting does not let the next one overtake', async () => {
  const mutex = new KeyedMutex({ maxWaiting: 5 });
  const first = Promise.withResolvers<void>();
  const impatient = new AbortController();
  const log: string[] = [];
  const running = mutex.run('a', never, async () => {
    await first.promise;
    log.push('first');
  });
  const givesUp = mutex.run('a', impatient.signal, async () => void log.push('impatient'));
  const last = mutex.run('a', never, async () => void log.push('last'));
  impatient.abort(new Error('enough'));
  await expect(givesUp).rejects.toBeInstanceOf(LineFull);
  expect(log).toEqual([]);
  first.resolve();
  await Promise.all([running, last]);
  expect(log).toEqual(['first', 'last']);
});
