import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { type LivePart, LiveScope, type Update } from './live-scope.ts';

const partsOf = ({ data }: Update): unknown => (JSON.parse(data) as { parts: unknown }).parts;
const live = (name: string, read: LivePart['read'], seenBy: LivePart['seenBy'] = ['admin']): LivePart => ({
  name,
  seenBy,
  everyMs: 1,
  read,
});
const admin = { kind: 'admin' } as const;

test('a page gets everything first, then what changed, and after a break what it missed', async () => {
  let number = 1;
  let reads = 0;
  using scope = new LiveScope(admin, [
    live('number', () => number),
    live('still', () => ((reads += 1), 'the same')),
  ]);
  const first = await scope.snapshot();
  expect(partsOf(first)).toEqual({
    number: { value: 1, failed: null },
    still: { value: 'the same', failed: null },
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
  // Of another process.
  expect(partsOf(await scope.snapshot('b.1'))).toHaveProperty('still');
});

test('a part that cannot be read keeps its value and says why', async () => {
  let fails = false;
  const read = (): string => {
    if (fails) throw Object.assign(new Error('away'), { code: 'DATABASE_UNAVAILABLE' });
    return 'known';
  };
  using scope = new LiveScope(admin, [live('chats', read), live('other', () => 1)]);
  const { id } = await scope.snapshot();
  fails = true;
  const now = await poll(
    async () => {
      const update = await scope.snapshot(id);
      return update.id !== id && update;
    },
    { what: 'the failure' },
  );
  expect(partsOf(now)).toEqual({ chats: { value: 'known', failed: 'DATABASE_UNAVAILABLE' } });
});

test('a viewer is sent what is for her alone', async () => {
  const parts = [live('all', () => 1, ['admin', 'business']), live('secret', () => 2)];
  using scope = new LiveScope({ kind: 'business', businessId: 'default' }, parts);
  expect(partsOf(await scope.snapshot())).toEqual({ all: { value: 1, failed: null } });
});
