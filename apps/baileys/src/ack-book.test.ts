import { expect, test } from 'vitest';
import { AckBook, Refused } from './ack-book.ts';

const patient = (): AbortSignal => new AbortController().signal;

test('an ack resolves everyone who waits for that message, and nobody else', async () => {
  const book = new AckBook();
  const waits = [book.wait('a', patient()), book.wait('a', patient())];
  const controller = new AbortController();
  const other = book.wait('b', controller.signal);
  book.settle('a');
  await Promise.all(waits);
  controller.abort(new Error('enough'));
  await expect(other).rejects.toThrow('enough');
});

test('a refusal carries the code', async () => {
  const book = new AckBook();
  const wait = book.wait('a', patient());
  book.settle('a', new Refused('463'));
  await expect(wait).rejects.toMatchObject({ code: '463' });
});

test('a lost connection ends every wait', async () => {
  const book = new AckBook();
  const wait = book.wait('a', patient());
  book.rejectAll(new Error('closed'));
  await expect(wait).rejects.toThrow('closed');
});

test('an ack that nobody waits for is no fault', () => {
  expect(() => new AckBook().settle('a')).not.toThrow();
});
