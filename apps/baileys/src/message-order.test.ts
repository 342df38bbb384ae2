import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { expect, test, vi } from 'vitest';
import { handleInOrder } from './message-order.ts';

test('handles messages in order, also after a failure and with the offline mark', async () => {
  const ws = new EventEmitter();
  const ended: string[] = [];
  const handle = async ({ attrs }: BinaryNode): Promise<void> => {
    for (let turns = Number(attrs['turns']); turns > 0; turns -= 1) {
      // oxlint-disable-next-line no-await-in-loop -- one turn after the other
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

test('does not handle a message whose preparation fails, and handles the next one', async () => {
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

test('reports a message that takes too long, and its end', async () => {
  const ws = new EventEmitter();
  const reported: boolean[] = [];
  const stuck = Promise.withResolvers<void>();
  // oxlint-disable-next-line typescript/no-misused-promises -- as the client does
  ws.on('CB:message', ({ attrs }: BinaryNode) => (attrs['id'] === 'a' ? stuck.promise : undefined));
  handleInOrder(ws, { onStalled: (isStalled) => void reported.push(isStalled), stalledAfterMs: 5 });
  for (const id of ['a', 'b']) ws.emit('CB:message', { tag: 'message', attrs: { id } });
  await vi.waitFor(() => expect(reported).toEqual([true]));
  stuck.resolve();
  await vi.waitFor(() => expect(reported).toEqual([true, false]));
});
