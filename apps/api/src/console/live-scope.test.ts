import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { type LivePart, LiveScope, type Update } from './live-scope.ts';

const partsOf = ({ data }: Update): unknown => (JSON.parse(data) as { parts: unknown }).parts;
const partOf = (name: string, read: LivePart['read'], seenBy: LivePart['seenBy'] = ['admin']): LivePart => ({
  name,
  seenBy,
  intervalMs: 1,
  read,
});
const admin = { kind: 'admin' } as const;

test('sends everything first, then changes, and after a break the missed changes', async () => {
  let number = 1;
  let reads = 0;
  using scope = new LiveScope(admin, [
    partOf('number', () => number),
    partOf('constant', () => ((reads += 1), 'the same')),
  ]);
  const first = await scope.snapshot();
  expect(partsOf(first)).toEqual({
    number: { value: 1, failed: null },
    constant: { value: 'the same', failed: null },
  });
  const updates: Update[] = [];
  using listening = scope.listen((update) => updates.push(update));
  expect(listening).toBeDefined();
  await poll(() => reads > 1, { what: 'a second reading' });
  number = 2;
  await poll(() => updates.some((update) => JSON.stringify(partsOf(update)).includes('2')), {
    what: 'the change',
  });
  expect(partsOf(updates.at(-1)!)).toEqual({ number: { value: 2, failed: null } });
  expect(partsOf(await scope.snapshot(first.id))).toEqual({ number: { value: 2, failed: null } });
  expect(partsOf(await scope.snapshot(updates.at(-1)!.id))).toEqual({});
  // An id of another process.
  expect(partsOf(await scope.snapshot('b.1'))).toHaveProperty('constant');
});

test('keeps the value of a part that cannot be read and adds the error code', async () => {
  let isFailing = false;
  const read = (): string => {
    if (isFailing) throw Object.assign(new Error('away'), { code: 'DATABASE_UNAVAILABLE' });
    return 'known';
  };
  using scope = new LiveScope(admin, [partOf('chats', read), partOf('other', () => 1)]);
  const { id } = await scope.snapshot();
  isFailing = true;
  const now = await poll(
    async () => {
      const update = await scope.snapshot(id);
      return update.id !== id && update;
    },
    { what: 'the failure' },
  );
  expect(partsOf(now)).toEqual({ chats: { value: 'known', failed: 'DATABASE_UNAVAILABLE' } });
});

test('sends a viewer only the parts that the viewer may see', async () => {
  const parts = [partOf('all', () => 1, ['admin', 'business']), partOf('secret', () => 2)];
  using scope = new LiveScope({ kind: 'business', businessId: 'default' }, parts);
  expect(partsOf(await scope.snapshot())).toEqual({ all: { value: 1, failed: null } });
});

test('sends everything for an id of another scope', async () => {
  const parts = [partOf('number', () => 1)];
  using before = new LiveScope(admin, parts);
  using after = new LiveScope(admin, parts);
  const { id } = await before.snapshot();
  expect(partsOf(await before.snapshot(id))).toEqual({});
  expect(partsOf(await after.snapshot(id))).toHaveProperty('number');
});

test('reports a value that cannot be serialized as a failure of its part only', async () => {
  using scope = new LiveScope(admin, [partOf('odd', () => 1n), partOf('other', () => 1)]);
  expect(partsOf(await scope.snapshot())).toEqual({
    odd: { value: null, failed: 'INTERNAL_ERROR' },
    other: { value: 1, failed: null },
  });
});
