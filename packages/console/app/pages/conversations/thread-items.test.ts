import { expect, test } from 'vitest';
import { timeZone } from '../../lib/format.ts';
import type { Call, ChatEvent, Message } from './records.ts';
import { type Loaded, mergeNewest, mergeOlder, buildThread } from './thread-items.ts';

const itemsOf = (...ids: number[]): { id: string }[] => ids.map((id) => ({ id: `${id}` }));
const page = (ids: number[], next: string | null = null) => ({ items: itemsOf(...ids), next_cursor: next });
const idsOf = ({ items }: Loaded<{ id: string }>): string => items.map(({ id }) => id).join(' ');

test('nothing in the first page is fresh, and the oldest comes first', () => {
  const { loaded, fresh } = mergeNewest(undefined, page([3, 2, 1], 'c'));
  expect(idsOf(loaded)).toBe('1 2 3');
  expect(loaded.cursor).toBe('c');
  expect(fresh).toEqual([]);
});

test('new items are added at the end, and older pages stay', () => {
  const before = { items: itemsOf(1, 2, 3, 4), cursor: 'old' };
  const { loaded, fresh } = mergeNewest(before, page([6, 5, 4, 3], 'c'));
  expect(idsOf(loaded)).toBe('1 2 3 4 5 6');
  expect(loaded.cursor).toBe('old');
  expect(fresh).toEqual(itemsOf(5, 6));
});

test('the list starts over when there is a gap, or when it was empty', () => {
  const gap = mergeNewest({ items: itemsOf(1, 2), cursor: null }, page([9, 8, 7], 'c'));
  expect([idsOf(gap.loaded), gap.loaded.cursor, gap.fresh.length]).toEqual(['7 8 9', 'c', 3]);
  const empty = mergeNewest({ items: [], cursor: null }, page([1]));
  expect([idsOf(empty.loaded), empty.fresh.length]).toEqual(['1', 1]);
  const erased = mergeNewest({ items: itemsOf(1), cursor: null }, page([]));
  expect([idsOf(erased.loaded), erased.fresh]).toEqual(['', []]);
});

test('older pages are added before the others, each item once', () => {
  expect(idsOf(mergeOlder({ items: itemsOf(3, 4), cursor: 'c' }, page([3, 2, 1])))).toBe('1 2 3 4');
});

const message = (id: string, at: string) => ({ id, created_at: at }) as Message;
const event = (id: string, at: string) => ({ id, at }) as ChatEvent;

test('events and calls are placed by time, after a message of the same moment, with day headings', () => {
  timeZone.value = 'UTC';
  const items = buildThread(
    {
      items: [message('a', '2026-11-28T23:59:00Z'), message('b', '2026-11-29T00:01:00.123Z')],
      cursor: null,
    },
    [event('1', '2026-11-29T00:01:00.123Z'), event('0', '2026-11-28T10:00:00Z')],
    [{ id: 'c', started_at: '2026-11-29T00:00:30Z' } as Call],
  );
  expect(items.map(({ kind, key }) => (kind === 'day' ? 'day' : key))).toEqual([
    'day',
    'event 0',
    'a',
    'day',
    'call c',
    'b',
    'event 1',
  ]);
});

test('events before the first message are left out until older messages are read', () => {
  const items = buildThread(
    { items: [message('b', '2026-11-29T00:01:00Z')], cursor: 'more' },
    [event('0', '2026-11-28T10:00:00Z')],
    [],
  );
  expect(items.map(({ kind }) => kind)).toEqual(['day', 'message']);
  expect(buildThread({ items: [], cursor: null }, [event('0', '2026-11-28T10:00:00Z')], [])).toHaveLength(2);
});
