import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { expect, test, vi } from 'vitest';
import { handleInOrder } from './message-order.ts';

test('a message waits for the one before, a failed one too, and the offline mark does not matter', async () => {
  const ws = new EventEmitter();
  const ended: string[] = [];
  const handle = async ({ attrs }: BinaryNode): Promise<void> => {
    for (let turns = Number(attrs['turns']); turns > 0; turns -= 1) {
      // oxlint-disable-next-line no-await-in-loop -- takes its time
      await turn();
    }
    ended.push(`${attrs['id']}${attrs['offline'] ?? ''}`);
    if (attrs['turns'] === '3') throw new Error('failed');
  };
  // oxlint-disable-next-line typescript/no-misused-promises -- as the client does
  ws.on('CB:message', handle);
  handleInOrder(ws);
  for (const attrs of [
    { id: 'a', turns: '9', offline: '1' },
    { id: 'b', turns: '3' },
    { id: 'c', turns: '0' },
  ]) {
    ws.emit('CB:message', { tag: 'message', attrs });
  }
  await vi.waitFor(() => expect(ended).toEqual(['a', 'b', 'c']));
});

test('a message whose preparation fails is not handled, and the next one is', async () => {
  const ws = new EventEmitter();
  const handled: unknown[] = [];
  ws.on('CB:message', ({ attrs }: BinaryNode) => void handled.push(attrs['id']));
  handleInOrder(ws, {
    prepare: async ({ attrs }) => {
      await turn();
      if (attrs['id'] === 'a') throw new Error('failed');
    },
  });
  for (const id of ['a', 'b']) ws.emit('CB:message', { tag: 'message', attrs: { id } });
  await vi.waitFor(() => expect(handled).toEqual(['b']));
});

test('a message that takes too long is told of, and its end', async () => {
  const ws = new EventEmitter();
  const told: boolean[] = [];
  const stuck = Promise.withResolvers<void>();
  // oxlint-disable-next-line typescript/no-misused-promises -- as the client does
  ws.on('CB:message', ({ attrs }: BinaryNode) => (attrs['id'] === 'a' ? stuck.promise : undefined));
  handleInOrder(ws, { onStalled: (isStalled) => void told.push(isStalled), stalledAfterMs: 5 });
  for (const id of ['a', 'b']) ws.emit('CB:message', { tag: 'message', attrs: { id } });
  await vi.waitFor(() => expect(told).toEqual([true]));
  stuck.resolve();
  await vi.waitFor(() => expect(told).toEqual([true, false]));
});
