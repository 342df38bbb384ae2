import { EventEmitter } from 'node:events';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { readReceipt, recordReceipts } from './receipts.ts';

const me = { id: '15550000001:3@s.whatsapp.net', lid: '100000000000009:3@lid' };
const receipt = (attrs: Record<string, string>, content?: BinaryNode[]): BinaryNode => ({
  tag: 'receipt',
  attrs: { id: 'A', ...attrs },
  ...(content && { content }),
});
const PHONE = '972501234567@s.whatsapp.net';

test.each([
  ['without a type', { from: PHONE }, 'delivered'],
  ['inactive', { from: '100000000000001@lid', type: 'inactive' }, 'delivered'],
  ['read', { from: PHONE, type: 'read' }, 'read'],
  ['played', { from: PHONE, type: 'played' }, 'read'],
  ['retry', { from: '972501234567:5@s.whatsapp.net', type: 'retry' }, 'unreadable'],
  ['retry of our own handset', { from: '15550000001@s.whatsapp.net', type: 'retry' }, undefined],
  ['of our own device by LID', { from: '100000000000009:1@lid' }, undefined],
  ['sender', { from: PHONE, type: 'sender' }, undefined],
  ['of an unknown type', { from: PHONE, type: 'constructor' }, undefined],
  ['of a group', { from: '120363020000000000@g.us' }, undefined],
] as const)('a receipt %s', (_, attrs, kind) => {
  expect(readReceipt(receipt(attrs), me)?.kind).toBe(kind);
});

test('reads all message ids of a receipt', () => {
  const item = (id: string): BinaryNode => ({ tag: 'item', attrs: { id } });
  const list: BinaryNode = { tag: 'list', attrs: {}, content: [item('B'), item('C')] };
  expect(readReceipt(receipt({ from: PHONE }, [list]), me)?.messageIds).toEqual(['A', 'B', 'C']);
});

test('reads only ids that we could have sent, up to the limit', () => {
  const item = (id: string): BinaryNode => ({ tag: 'item', attrs: { id } });
  const list = (ids: string[]): BinaryNode[] => [{ tag: 'list', attrs: {}, content: ids.map(item) }];
  const idsOf = (id: string, more: string[]): string[] | undefined =>
    readReceipt(receipt({ from: PHONE, id }, list(more)), me)?.messageIds;
  expect(idsOf('A', ['B\0', 'x'.repeat(129), 'é', 'C'])).toEqual(['A', 'C']);
  expect(idsOf('A\0', [])).toBeUndefined();
  expect(readReceipt(receipt({ from: PHONE, id: 'A\0', type: 'retry' }), me)).toBeUndefined();
  const many = Array.from({ length: 5000 }, (_, index) => `M${index}`);
  expect(idsOf('A', many)).toEqual(['A', ...many.slice(0, 999)]);
});

test('the client gets a receipt once it is recorded, in order, and not when recording fails', async () => {
  const ws = new EventEmitter();
  const seen: string[] = [];
  ws.on('CB:receipt', ({ attrs }: BinaryNode) => void seen.push(`handled ${attrs['id']}`));
  recordReceipts(ws, async ({ attrs }) => {
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`recorded ${attrs['id']}`);
    if (attrs['id'] === 'B') throw new Error('the session is closed');
  });
  ws.emit('CB:receipt', receipt({ id: 'A' }));
  ws.emit('CB:receipt', receipt({ id: 'B' }));
  ws.emit('CB:receipt', receipt({ id: 'C' }));
  await expect.poll(() => seen).toEqual(['recorded A', 'handled A', 'recorded B', 'recorded C', 'handled C']);
});
