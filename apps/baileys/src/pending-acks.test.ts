import { expect, test } from 'vitest';
import { PendingAcks, MessageRefused } from './pending-acks.ts';

const neverAborted = (): AbortSignal => new AbortController().signal;

test('an ack resolves every wait for its message and no other', async () => {
  const acks = new PendingAcks();
  const waits = [acks.wait('a', neverAborted()), acks.wait('a', neverAborted())];
  const controller = new AbortController();
  const other = acks.wait('b', controller.signal);
  acks.settle('a');
  await Promise.all(waits);
  controller.abort(new Error('enough'));
  await expect(other).rejects.toThrow('enough');
});

test('a refusal rejects the wait with its code', async () => {
  const acks = new PendingAcks();
  const wait = acks.wait('a', neverAborted());
  acks.settle('a', new MessageRefused('463'));
  await expect(wait).rejects.toMatchObject({ code: '463' });
});

test('rejectAll ends every wait', async () => {
  const acks = new PendingAcks();
  const wait = acks.wait('a', neverAborted());
  acks.rejectAll(new Error('closed'));
  await expect(wait).rejects.toThrow('closed');
});

test('an ack that nothing waits for is ignored', () => {
  expect(() => new PendingAcks().settle('a')).not.toThrow();
});
