import { expect, test } from 'vitest';
import { timeZone } from '../../lib/format.ts';
import type { Call, ChatEvent, Message } from './records.ts';
import { type Loaded, mergeNewest, mergeOlder, weave } from './thread-items.ts';

const of = (...ids: number[]): { id: string }[] => ids.map((id) => ({ id: `${id}` }));
const page = (ids: number[], next: string | null = null) => ({ items: of(...ids), next_cursor: next });
const idsOf = ({ items }: Loaded<{ id: string }>): string => items.map(({ id }) => id).join(' ');

test('the first page is no news, and the oldest stands first', () => {
  const { loaded, fresh } = mergeNewest(undefined, page([3, 2, 1], 'c'));
  expect(idsOf(loaded)).toBe('1 2 3');
  expect(loaded.cursor).toBe('c');
  expect(fresh).toEqual([]);
});

test('what is new is added behind what was read, and older pages stay', () => {
  const before = { items: of(1, 2, 3, 4), cursor: 'old' };
  const { loaded, fresh } = mergeNewest(before, page([6, 5, 4, 3], 'c'));
  expect(idsOf(loaded)).toBe('1 2 3 4 5 6');
  expect(loaded.cursor).toBe('old');
  expect(fresh).toEqual(of(5, 6));
});

test('the list begins anew where more came than a page holds, and where it was short before', () => {
  const gap = mergeNewest({ items: of(1, 2), cursor: null }, page([9, 8, 7], 'c'));
  expect([idsOf(gap.loaded), gap.loaded.cursor, gap.fresh.length]).toEqual(['7 8 9', 'c', 3]);
  const empty = mergeNewest({ items: [], cursor: null }, page([1]));
  expect([idsOf(empty.loaded), empty.fresh.length]).toEqual(['1', 1]);
  const erased = mergeNewest({ items: of(1), cursor: null }, page([]));
  expect([idsOf(erased.loaded), erased.fresh]).toEqual(['', []]);
});

test('older pages come before what was read, each entry once', () => {
  expect(idsOf(mergeOlder({ items: of(3, 4), cursor: 'c' }, page([3, 2, 1])))).toBe('1 2 3 4');
});

const message = (id: string, at: string) => ({ id, created_at: at }) as Message;
const event = (id: string, at: string) => ({ id, at }) as ChatEvent;

test('events and calls stand where they happened, behind the message of the same moment, with the days between', () => {
  timeZone.value = 'UTC';
  const items = weave(
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

test('what happened before the messages that were read waits for those', () => {
  const items = weave(
    { items: [message('b', '2026-11-29T00:01:00Z')], cursor: 'more' },
    [event('0', '2026-11-28T10:00:00Z')],
    [],
  );
  expect(items.map(({ kind }) => kind)).toEqual(['day', 'message']);
  expect(weave({ items: [], cursor: null }, [event('0', '2026-11-28T10:00:00Z')], [])).toHaveLength(2);
});
